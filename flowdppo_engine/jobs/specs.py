"""What a job is asked to do: one `job.yaml` in a folder of its own. Torch-free."""

from pathlib import Path, PurePosixPath
from typing import Annotated, TypeVar

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator

from flowdppo_engine.config import RunConfig
from flowdppo_engine.config.base import Strict

JOB_FILE = "job.yaml"
MAX_PICTURES = 64
MAX_PROMPT_LENGTH = 2000
MAX_CHECKPOINTS = 50
MAX_SEEDS = 64

J = TypeVar("J", bound=Strict)


def _is_inside(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{text!r} is not in the job's folder: give a path within it.")
    return text


PathInside = Annotated[str, AfterValidator(_is_inside)]


class GivenPicture(Strict):
    """A picture that somebody brought. `file` is relative to the job's folder."""

    file: PathInside
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_LENGTH)


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


class EvaluatedCheckpoint(Strict):
    """A checkpoint to evaluate; its folder lies in the job's."""

    iteration: int = Field(ge=1)
    step: int = Field(ge=0)
    folder: PathInside


class EvaluateJob(Strict):
    """Draw and score with the base model and with each of `checkpoints`, on the same noise.

    Prompt sets, prompts of each, denoising steps, guidance and batches are those of `config.evaluation`, the rewards
    those of `config`. A prompt is drawn once with each of `seeds`; a seed's noise is the same for every prompt.
    """

    config: RunConfig
    checkpoints: tuple[EvaluatedCheckpoint, ...] = Field((), max_length=MAX_CHECKPOINTS)
    seeds: tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...] = Field((0,), min_length=1, max_length=MAX_SEEDS)

    @model_validator(mode="after")
    def names_nothing_twice(self):
        sets = self.config.evaluation.prompt_sets
        if not sets:
            raise ValueError("no prompt set is named: give at least one in config.evaluation.prompt_sets.")
        for name, values in (
            ("config.evaluation.prompt_sets", sets),
            ("seeds", self.seeds),
            ("checkpoints", tuple(one.iteration for one in self.checkpoints)),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"{name} = {list(values)} has one of them twice: name each once.")
        return self


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
