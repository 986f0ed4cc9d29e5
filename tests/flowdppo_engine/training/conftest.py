import pytest

from tests.flowdppo_engine.training.small_world import World


@pytest.fixture
def world(tiny_model, make_config):
    """`world(**changes)`: a rollout of the tiny model, and a policy that has moved since."""
    return lambda **changes: World(tiny_model, make_config, **changes)
