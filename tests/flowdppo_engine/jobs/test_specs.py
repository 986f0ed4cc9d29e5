import sys

import pytest
from pydantic import ValidationError

from flowdppo_engine.config import RunConfig
from flowdppo_engine.jobs.specs import GivenPicture, PreflightJob, ScoreJob, read_job, write_job


def test_what_is_written_is_what_is_read(tmp_path):
    job = ScoreJob(config=RunConfig(seed=3), given=[GivenPicture(file="inputs/0000.png", prompt="a “red” cat")])
    write_job(job, tmp_path)
    assert read_job(tmp_path, ScoreJob) == job
    with pytest.raises(ValueError, match="given"):
        read_job(tmp_path, PreflightJob)


@pytest.mark.parametrize("file", ["/etc/passwd", "../other/picture.png", "inputs/../../x.png"])
def test_pictures_are_in_the_folder_of_their_job(file):
    with pytest.raises(ValidationError, match="give a path within it"):
        GivenPicture(file=file, prompt="a")


def test_a_dry_run_is_a_handful():
    assert ScoreJob(config=RunConfig(), num_prompts=8, images_per_prompt=8).num_prompts == 8
    with pytest.raises(ValidationError, match="72 pictures are more than 64"):
        ScoreJob(config=RunConfig(), prompts=["a"] * 9, images_per_prompt=8)


@pytest.mark.parametrize(("text", "message"), [(None, "cannot be read"), ("a: [", "is no YAML"), ("a: 1", "config")])
def test_a_folder_without_a_good_job(tmp_path, text, message):
    if text is not None:
        (tmp_path / "job.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_job(tmp_path, PreflightJob)


def test_no_torch_is_needed_to_ask_for_a_job():
    import subprocess

    code = "import sys, flowdppo_engine.jobs.specs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
