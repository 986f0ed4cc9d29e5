"""The configurations for `accelerate launch`: accelerate takes each as it is meant."""

from pathlib import Path

import pytest
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils.launch import prepare_deepspeed_cmd_env, prepare_multi_gpu_env

from flowdppo_engine.training import zero2
from flowdppo_engine.training.sharding import Sharding

FILES = sorted((Path(__file__).parents[2] / "flowdppo_engine" / "launch").glob("*.yaml"))


def parse(file: Path):
    arguments = ["--config_file", str(file), "-m", "flowdppo_engine", "recipes"]
    return _validate_launch_command(launch_command_parser().parse_args(arguments))[0]


@pytest.mark.parametrize(
    ("name", "kind", "num_processes", "num_machines"),
    [
        ("one_gpu", None, 1, 1),
        ("data_parallel_8_gpus", "multi_gpu", 8, 1),
        ("fsdp2_8_gpus", "use_fsdp", 8, 1),
        ("deepspeed_zero2_8_gpus", "use_deepspeed", 8, 1),
        ("data_parallel_2_machines", "multi_gpu", 16, 2),
        ("data_parallel_2_cpus", "multi_gpu", 2, 1),
    ],
)
def test_accelerate_starts_what_the_file_is_named_for(name, kind, num_processes, num_machines):
    args = parse(next(file for file in FILES if file.stem == name))
    kinds = [kind for kind in ("multi_gpu", "use_fsdp", "use_deepspeed", "cpu", "tpu") if getattr(args, kind)]
    assert kinds == ([kind] if kind else [])
    assert (args.num_processes, args.num_machines, args.mixed_precision) == (num_processes, num_machines, "no")


def test_each_file_is_tested():
    assert len(FILES) == 6


def test_the_engine_shards_as_the_fsdp_file_says(monkeypatch):
    environment = prepare_multi_gpu_env(parse(next(file for file in FILES if file.stem.startswith("fsdp2"))))
    for name, value in environment.items():
        if name.startswith(("FSDP_", "ACCELERATE_USE_")):
            monkeypatch.setenv(name, value)
    assert Sharding.from_environment() == Sharding(reshard_after_forward=True)


def test_the_engine_takes_the_deepspeed_file_for_zero2(monkeypatch):
    args = parse(next(file for file in FILES if file.stem.startswith("deepspeed")))
    args.deepspeed_fields_from_accelerate_config = ""  # The command sets it after parsing.
    _, environment = prepare_deepspeed_cmd_env(args)
    for name, value in environment.items():
        if name.startswith("ACCELERATE_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(zero2, "find_spec", lambda name: name)
    assert zero2.is_asked_for() and Sharding.from_environment() is None


@pytest.mark.parametrize("file", [file for file in FILES if "fsdp" not in file.stem], ids=lambda file: file.stem)
def test_no_other_file_shards(file, monkeypatch):
    for name, value in prepare_multi_gpu_env(parse(file)).items():
        if name.startswith(("FSDP_", "ACCELERATE_USE_")):
            monkeypatch.setenv(name, value)
    assert Sharding.from_environment() is None
