import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flowdppo_engine.cli import app
from flowdppo_engine.events import parse_event
from flowdppo_engine.recipes import read_config
from tests.flowdppo_engine.tiny_run import tiny_fields

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _own_signal_handlers():
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def config_file(tiny_folder, prompts_file, tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(yaml.safe_dump(tiny_fields(tiny_folder, prompts_file, iterations=1)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(config_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "run"
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    result = invoke("train", "--config", config_file, "--output", folder, "--set", "seed=5")
    for signum, handler in before.items():
        signal.signal(signum, handler)
    return result, folder


def test_train_runs_to_its_end_and_says_so(trained):
    result, folder = trained
    assert result.exit_code == 0, result.output
    assert "Finished after iteration 1." in result.output and "iteration 1, reward " in result.output
    assert read_config(folder / "config.yaml").seed == 5


def test_resume_of_a_finished_run(trained):
    result = invoke("resume", trained[1])
    assert result.exit_code == 0 and "Resumed after iteration 1 from checkpoints/step-000002." in result.output


def test_evaluate_prints_a_table_and_writes_nothing(trained):
    before = (trained[1] / "events.jsonl").read_bytes()
    result = invoke("evaluate", trained[1])
    assert result.exit_code == 0 and "sandbox_picture_quality" in result.output.replace("\n", "")
    assert (trained[1] / "events.jsonl").read_bytes() == before


def test_evaluate_names_the_checkpoints_there_are(trained):
    result = invoke("evaluate", trained[1], "--checkpoint", "step-000009")
    assert result.exit_code == 2 and "there are: step-000002" in result.output


def test_generate_draws_a_picture_for_each_prompt(trained, tmp_path):
    result = invoke(
        "generate", trained[1], "--prompt", "a", "--prompt", "b", "--seed", 3, "--output", tmp_path / "out"
    )
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0000.png", "0001.png"]


def test_generate_draws_the_sample_of_that_prompt_and_seed_again(trained, tmp_path):
    events = [parse_event(line) for line in (trained[1] / "events.jsonl").read_bytes().splitlines()]
    sample = [event for event in events if event.type == "samples"][-1].samples[0]
    invoke("generate", trained[1], "--prompt", sample.prompt, "--seed", sample.seed, "--output", tmp_path)
    from PIL import Image, ImageChops

    with Image.open(tmp_path / "0000.png") as drawn, Image.open(trained[1] / sample.path) as kept:
        assert max(high for _, high in ImageChops.difference(drawn, kept).getextrema()) <= 1


def test_train_refuses_a_folder_with_something_in_it(config_file, tmp_path):
    (tmp_path / "thesis.txt").touch()
    result = invoke("train", "--config", config_file, "--output", tmp_path)
    assert result.exit_code == 2 and "is not an empty folder" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give either a recipe or a configuration file"),
        (("--recipe", "sandbox-smoke", "--config", "x.yaml"), "give either a recipe or a configuration file"),
        (("--recipe", "nope"), "recipe 'nope' does not exist"),
        (("--config", "/no/such.yaml"), "/no/such.yaml cannot be read"),
        (("--recipe", "sandbox-smoke", "--set", "seed=-1"), "seed = -1: give at least 0."),
        (("--recipe", "sandbox-smoke", "--set", "seed"), "write it as a.b=c"),
    ],
)
def test_train_says_what_is_wrong_before_it_makes_a_folder(arguments, message, tmp_path):
    result = invoke("train", *arguments, "--output", tmp_path / "run")
    assert result.exit_code == 2 and message in result.output
    assert not (tmp_path / "run").exists()


def test_resume_of_a_folder_without_a_run(tmp_path):
    result = invoke("resume", tmp_path)
    assert result.exit_code == 2 and "config.yaml cannot be read" in result.output


def test_validate_prints_the_resolved_configuration_and_beside_it_what_it_costs(config_file):
    result = invoke("validate", config_file)
    assert result.exit_code == 0 and yaml.safe_load(result.stdout)["optimizer"]["beta2"] == 0.999
    assert "Cost" in result.stderr and "Memory" in result.stderr and "Warning: ema.decay" in result.stderr


def test_validate_takes_a_recipe_with_changes():
    result = invoke("validate", "--recipe", "sandbox-smoke", "--set", "seed=5")
    assert result.exit_code == 0 and yaml.safe_load(result.stdout)["seed"] == 5


def test_validate_says_which_prompt_files_of_a_recipe_are_missing():
    result = invoke("validate", "--recipe", "sd3.5-flow-dppo")
    assert result.exit_code == 2 and yaml.safe_load(result.stdout)["lora"]["rank"] == 32
    assert "prompts.train: prompt set 'prompts/geneval2-train.jsonl' was not found" in result.stderr
    for name in ("geneval2.jsonl", "pickscore-test.txt"):
        assert f"evaluation.prompt_sets: prompt set 'prompts/{name}' was not found" in result.stderr


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rollout": {"group_size": 1}}, "rollout.group_size = 1: give at least 2."),
        ({"prompts": {"train": "sandbox:nope"}}, "prompt set 'sandbox:nope' was not found"),
    ],
)
def test_validate_tells_each_wrong_field(tmp_path, fields, message):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(fields))
    result = invoke("validate", path)
    assert result.exit_code == 2 and message in result.output


def test_recipes_are_listed_by_family_with_method_origin_and_description():
    result = invoke("recipes")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].strip() == "Sandbox"
    row = next(line for line in lines if line.startswith("sd3.5-multi-flow-dppo "))
    assert row.split("  ")[0] == "sd3.5-multi-flow-dppo"
    assert "Flow-DPPO" in row and "paper, main results" in row and "Four rewards." in row


def test_a_stop_while_torch_is_still_loading_ends_at_once(config_file, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "flowdppo_engine", "train", "--config", config_file, "--output", tmp_path / "run"],
        cwd=REPOSITORY, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    _wait_until_torch_loads(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 143


def _wait_until_torch_loads(pid: int) -> None:
    deadline = time.monotonic() + 60
    while "libtorch" not in Path(f"/proc/{pid}/maps").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
