"""What a job is asked to do: one `job.yaml` in a folder of its own. Torch-free."""

from pathlib import Path, PurePosixPath
from typing import TypeVar

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from flowdppo_engine.config import RunConfig
from flowdppo_engine.config.base import Strict

JOB_FILE = "job.yaml"
MAX_PICTURES = 64
MAX_PROMPT_LENGTH = 2000

J = TypeVar("J", bound=Strict)


class GivenPicture(Strict):
    """A picture that somebody brought. `file` is relative to the job's folder."""

    file: str
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_LENGTH)

    @field_validator("file")
    @classmethod
    def is_inside(cls, file: str) -> str:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{file!r} is not in the job's folder: give a path within it.")
        return file


class ScoreJob(Strict):
    """Score pictures with the rewards of `config`: the `given` ones, or else what its base model draws.

    `prompts` are what to draw; without any, the first `num_prompts` of the training set. A prompt that stands in a
    prompt set of `config` has the questions that it has there.
    """

    config: RunConfig
    given: tuple[GivenPicture, ...] = Field((), max_length=MAX_PICTURES)
    prompts: tuple[str, ...] = ()
    num_prompts: int = Field(4, ge=1, le=MAX_PICTURES)
    images_per_prompt: int = Field(4, ge=1, le=MAX_PICTURES)

    @model_validator(mode="after")
    def is_a_handful(self):
        drawn = (len(self.prompts) or self.num_prompts) * self.images_per_prompt
        if not self.given and drawn > MAX_PICTURES:
            raise ValueError(f"{drawn} pictures are more than {MAX_PICTURES}: take fewer prompts, or fewer for each.")
        return self


class PreflightJob(Strict):
    """Try the first step of the run that `config` describes."""

    config: RunConfig


def read_job(folder: Path, kind: type[J]) -> J:
    """Raises ValueError where the folder has no such job."""
    path = folder / JOB_FILE
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from error
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise ValueError(f"{path}: {error}") from error


def write_job(job: Strict, folder: Path) -> None:
    """A whole file or none."""
    staged = (folder / JOB_FILE).with_suffix(".new")
    staged.write_text(yaml.safe_dump(job.model_dump(mode="json"), sort_keys=False), encoding="utf-8")
    staged.replace(folder / JOB_FILE)
