import pytest

from tests.flowdppo_engine.training.small_world import World


@pytest.fixture
def world(make_model, make_config):
    """`world(**changes)`: a rollout of a tiny model of its own, and a policy that has moved since."""
    return lambda **changes: World(make_model(), make_config, **changes)
