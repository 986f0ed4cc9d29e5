"""`score`, `preflight` and `evaluate` of a job on the command line."""

import signal

import pytest
from typer.testing import CliRunner

from flowdppo_engine.cli import app
from flowdppo_engine.jobs.specs import EvaluateJob, PreflightJob, ScoreJob, write_job


@pytest.fixture(autouse=True)
def _own_signal_handlers():
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


def invoke(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_score_prints_a_line_for_each_reward(make_config, tmp_path):
    write_job(ScoreJob(config=make_config(), num_prompts=1, images_per_prompt=2), tmp_path)
    result = invoke("score", tmp_path)
    assert result.exit_code == 0, result.output
    assert "sandbox_picture_quality (weight 1): " in result.output and "within a prompt" in result.output


def test_preflight_prints_memory_and_time(make_config, tmp_path):
    write_job(PreflightJob(config=make_config()), tmp_path)
    result = invoke("preflight", tmp_path)
    assert result.exit_code == 0, result.output
    assert "The first step works on CPU" in result.output and "an iteration takes about" in result.output


def test_evaluate_sees_to_a_job_where_the_folder_has_one(make_config, tmp_path):
    write_job(EvaluateJob(config=make_config()), tmp_path)
    result = invoke("evaluate", tmp_path)
    assert result.exit_code == 0, result.output
    assert "(4 prompts): sandbox_picture_quality " in result.output and "Finished" in result.output


@pytest.mark.parametrize("verb", ["score", "preflight"])
def test_a_folder_without_a_job_is_refused(verb, tmp_path):
    result = invoke(verb, tmp_path)
    assert result.exit_code == 2 and "job.yaml cannot be read" in result.output
