"""Networks as small as they come: these tests look at what is measured, never at how long it takes."""

import pytest
import torch

from flowdppo_engine.models.registry import silence_libraries
from tests.benchmarks.engine import subjects

silence_libraries()
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _shallow(monkeypatch):
    monkeypatch.setattr(subjects, "DEPTH", 1)


@pytest.fixture
def make_subject(tmp_path):
    """`make_subject(**changes)`: the tiny SD3, with blocks of its configuration changed."""
    return lambda name="sd3", **changes: subjects.tiny(name, tmp_path, **changes)
