"""The whole platform, with an engine that only pretends to train."""

import sys
import tempfile
from pathlib import Path

import pytest

from tests.platform.stack.running_platform import Platform


@pytest.fixture
def platform():
    # Not tmp_path: PostgreSQL's own account may not pass through pytest's folders.
    with tempfile.TemporaryDirectory(prefix="flowdppo-up-") as folder:
        started = Platform(
            Path(folder) / "data",
            FLOWDPPO_ENGINE_COMMAND=f"{sys.executable},-m,tests.worker.fake_engine",
            FAKE_ENGINE='{"hold_at": 3}',
        )
        yield started
        started.end()
