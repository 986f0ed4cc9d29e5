import pytest

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.training import zero2
from flowdppo_engine.training.joining import NOBODY_ELSE, TIMEOUT_VARIABLE, join
from flowdppo_engine.training.sharding import Sharding


def test_a_process_that_was_started_plainly_is_alone():
    assert join() == NOBODY_ELSE


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ACCELERATE_DEEPSPEED_ZERO_STAGE", "1", "zero_stage = 1.*give 2"),
        ("ACCELERATE_DEEPSPEED_ZERO_STAGE", "3", "zero_stage = 3.*is FSDP2"),
        ("ACCELERATE_DEEPSPEED_OFFLOAD_OPTIMIZER_DEVICE", "cpu", "offload_optimizer_device = 'cpu'.*give 'none'"),
        ("ACCELERATE_DEEPSPEED_OFFLOAD_PARAM_DEVICE", "nvme", "offload_param_device = 'nvme'.*give 'none'"),
        ("ACCELERATE_DEEPSPEED_CONFIG_FILE", "any.json", "deepspeed_config_file.*leave it out"),
    ],
)
def test_what_of_deepspeed_is_not_zero2_is_refused(monkeypatch, variable, value, message):
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadConfig, match=message):
        join()


def test_deepspeed_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    monkeypatch.setattr(zero2, "find_spec", lambda name: None)
    with pytest.raises(BadConfig, match="not installed: docs/launching.md"):
        join()


def test_zero2_is_as_accelerates_configuration_has_it(monkeypatch):
    monkeypatch.setattr(zero2, "find_spec", lambda name: name)
    assert not zero2.is_asked_for()
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    assert zero2.is_asked_for()


@pytest.mark.parametrize("value", ["soon", "0", "-3", "nan"])
def test_a_timeout_that_is_no_number_of_minutes_is_refused(monkeypatch, value):
    monkeypatch.setenv(TIMEOUT_VARIABLE, value)
    with pytest.raises(BadConfig, match=f"{TIMEOUT_VARIABLE} = '{value}'"):
        join()


def test_processes_that_do_not_find_each_other_are_refused(monkeypatch):
    """As with a launcher that sets its own variables: each would think that it is the main one."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(BadConfig, match="2 processes were started"):
        join()


def test_sharding_is_as_accelerates_configuration_has_it(monkeypatch):
    assert Sharding.from_environment() is None
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    assert Sharding.from_environment() == Sharding(reshard_after_forward=True)
    monkeypatch.setenv("FSDP_RESHARD_AFTER_FORWARD", "false")
    assert Sharding.from_environment() == Sharding(reshard_after_forward=False)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [("FSDP_VERSION", "1", "fsdp_version = 1.*give 2"), ("FSDP_OFFLOAD_PARAMS", "true", "fsdp_offload_params = true")],
)
def test_what_of_fsdp_cannot_train_is_refused(monkeypatch, variable, value, message):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.setenv("FSDP_VERSION", "2")
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadConfig, match=message):
        Sharding.from_environment()
