"""What benchmarks of the whole platform share."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.stack.running_platform import Platform


@pytest.fixture
def platform() -> Iterator[Platform]:
    """The platform as `make run` starts it."""
    # A line for each request would drown the figures.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="flowdppo-bench-") as folder:
        started = Platform(Path(folder) / "data", FLOWDPPO_PLAYGROUND_STANDS_BY="on")
        started.start()
        try:
            yield started
        finally:
            started.end()
