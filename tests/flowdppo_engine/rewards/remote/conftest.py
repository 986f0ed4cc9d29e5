"""Servers of the test's own, which the list of allowed hosts names."""

from contextlib import ExitStack

import pytest

from tests.flowdppo_engine.rewards.remote.reward_server import RewardServer


@pytest.fixture
def serve(monkeypatch):
    """`serve(answer)` starts a server that rewards may ask."""
    monkeypatch.setenv("FLOWDPPO_REWARD_HOSTS", "127.0.0.1:*")
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(RewardServer(answer))
