"""The event stream: the one thing that the outside world reads of a run. Torch-free.

One JSON object a line in `events.jsonl`, append-only, flushed a line at a time. `seq` counts from 1 without a gap over
the whole life of the run folder, also across resumes. A reader must accept types that it does not know.
"""

import os
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat
from pydantic_core import from_json

from flowdppo_engine.tenure import Tenure

EVENTS_FILE = "events.jsonl"

# JSON has no NaN and no infinity: they are written as the strings "NaN" and "Infinity", and read back as floats.
SHAPE = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class Event(BaseModel):
    """What every event carries: `type`, `seq` (from 1) and `time` (seconds since 1970, UTC)."""

    model_config = SHAPE

    seq: int = 0
    time: float = 0.0


class Started(Event):
    """A fresh run begins. `num_latent_dims` is D, which converts a mean-KL into nats."""

    type: Literal["started"] = "started"
    total_iterations: int
    num_latent_dims: int
    num_trainable_parameters: int
    engine_version: str


class Resumed(Event):
    """The run goes on from `iteration`; what was written past it is void and will be written again."""

    type: Literal["resumed"] = "resumed"
    iteration: int
    step: int
    checkpoint: str | None


class Metrics(Event):
    """One iteration's values, finite each. `step` counts optimizer steps so far, `iteration` rollouts finished."""

    type: Literal["metrics"] = "metrics"
    iteration: int
    step: int
    values: dict[str, FiniteFloat]


class Sample(BaseModel):
    """One drawn picture, an image or a video. `path` is relative to the run folder.

    `fixed` samples come from the same prompts and seeds each time. A `rollout` is one of a whole group that the
    iteration trained on: `index` is its place among all images of the iteration, `seed` the run's, `kl` what
    `kl/reference_nats` would be of this image alone and of the policy that drew it, None where nothing measures it.
    """

    model_config = SHAPE

    index: int
    path: str
    prompt: str
    seed: int
    rewards: dict[str, float]
    kind: Literal["fixed", "rollout"] = "fixed"
    group: int | None = None
    advantage: float | None = None
    kl: float | None = None


class Samples(Event):
    """Pictures of one kind. Rollouts are told before their iteration's checkpoint: a resumed run has them no more."""

    type: Literal["samples"] = "samples"
    iteration: int
    step: int
    samples: list[Sample]

    @property
    def are_fixed(self) -> bool:
        return all(sample.kind == "fixed" for sample in self.samples)


class Checkpoint(Event):
    """A checkpoint folder is complete. `path` is relative to the run folder; `removed` lists those just deleted."""

    type: Literal["checkpoint"] = "checkpoint"
    iteration: int
    step: int
    path: str
    num_bytes: int
    removed: list[str] = []


class Score(BaseModel):
    """A mean over prompts with its 95 % interval, in the score's unit; `per_prompt` in the order of the prompt set."""

    model_config = SHAPE

    mean: float
    low: float
    high: float
    per_prompt: list[float]


class Difference(BaseModel):
    """Paired difference to the base model on the same prompts and seeds, with its 95 % bootstrap interval."""

    model_config = SHAPE

    mean: float
    low: float
    high: float


class Evaluation(Event):
    """A checkpoint's scores on one prompt set: each reward under its own name, and what else a reward measures.

    `difference` is empty for the base model itself (iteration 0).
    """

    type: Literal["evaluation"] = "evaluation"
    iteration: int
    step: int
    prompt_set: str
    num_prompts: int
    scores: dict[str, Score]
    difference: dict[str, Difference]


class RankedCheckpoint(BaseModel):
    """A checkpoint and the mean of the score that ranks it. `path` is relative to the run folder."""

    model_config = SHAPE

    iteration: int
    step: int
    path: str
    mean: FiniteFloat


class Best(Event):
    """The checkpoints that are kept for their `score` on `prompt_set`, best first; told after each one's evaluation.

    `removed` lists the checkpoints just deleted, as in Checkpoint.
    """

    type: Literal["best"] = "best"
    iteration: int
    step: int
    prompt_set: str
    score: str
    checkpoints: list[RankedCheckpoint]
    removed: list[str] = []


class TriedReward(BaseModel):
    """What one reward said of the pictures of a dry run: its values are what training maximises, before the weight.

    `group_std`: mean over groups of the standard deviation within each, None without a group. `num_alike_groups`: in
    how many every picture got the same. `seconds_per_image` is None where no picture was scored in this start.
    """

    model_config = SHAPE

    name: str
    weight: float
    mean: float
    std: float
    group_std: float | None
    num_alike_groups: int
    seconds_per_image: float | None


class Scored(Event):
    """A dry run's rewards. `totals`: the weighted sum of each sample, in their order; a group is a prompt's pictures.

    `left_out` names the rewards that could not judge these prompts, for want of questions.
    """

    type: Literal["scored"] = "scored"
    rewards: list[TriedReward]
    totals: list[float]
    num_groups: int
    num_alike_groups: int
    left_out: list[str]


class Tried(Event):
    """A run's first step worked. `seconds`: what an iteration is expected to take, by phase; all times are estimates.

    `peak_memory_gib` is of the device's memory, or where that is a CPU of the process.
    """

    type: Literal["tried"] = "tried"
    device: str
    peak_memory_gib: float
    device_memory_gib: float | None
    num_images: int
    seconds: dict[str, float]
    seconds_per_iteration: float
    seconds_for_run: float


class Drawing(BaseModel):
    """A picture that an evaluation of checkpoints drew. `path` is relative to the job's folder.

    `index` is its place in the prompt set, by prompt and then by seed. `kl` is the drift of its trajectory from the
    base model in nats, None where it was not measured.
    """

    model_config = SHAPE

    index: int
    path: str
    prompt: str
    seed: int
    rewards: dict[str, float]
    kl: FiniteFloat | None


class Drawn(Event):
    """All pictures of some prompts by one policy; at iteration 0 it is the base model.

    `spread`: how much the pictures of each of these prompts differ (`diversity/pixel_rms`); empty with one of each.
    """

    type: Literal["drawn"] = "drawn"
    iteration: int
    prompt_set: str
    drawings: list[Drawing]
    spread: list[FiniteFloat]


class Phase(Event):
    """Progress of one phase. `seconds_left` is an estimate for the whole run, where one can be made."""

    type: Literal["phase"] = "phase"
    phase: Literal["load", "encode", "evaluate", "train", "finish"]
    done: int
    total: int
    unit: str
    seconds_left: float | None = None


class Log(Event):
    type: Literal["log"] = "log"
    level: Literal["info", "warning", "error"]
    message: str


class Finished(Event):
    """`stopped` says that a SIGTERM or a stop file ended the run early, after its last checkpoint."""

    type: Literal["finished"] = "finished"
    iteration: int
    step: int
    stopped: bool = False


class Failed(Event):
    """`deterministic` failures (a bad config, a missing file) would come back: they are not tried again.

    `memory_ran_out_in` says in which part of the work ("the update") memory ran out, and is empty for other failures.
    """

    type: Literal["failed"] = "failed"
    error: str
    traceback: str
    hint: str
    deterministic: bool
    memory_ran_out_in: str = ""


class UnknownEvent(Event):
    """An event of a type that this version does not know."""

    model_config = ConfigDict(extra="allow")

    type: str


EVENT_TYPES: dict[str, type[Event]] = {
    cls.model_fields["type"].default: cls
    for cls in (
        *(Started, Resumed, Metrics, Samples, Checkpoint, Evaluation, Best, Scored, Tried, Drawn, Phase, Log),
        *(Finished, Failed),
    )
}


def parse_event(line: str | bytes) -> Event:
    """One line of `events.jsonl` as its event. Raises ValueError on a line that is no event."""
    fields = from_json(line)
    return EVENT_TYPES.get(fields.get("type"), UnknownEvent).model_validate(fields)


class EventWriter:
    """Appends events to `<folder>/events.jsonl`, a whole line at a time.

    A line that a killed process left half-written is cut off when the file is opened again; one that a full disk cuts
    short is taken back at once.
    """

    def __init__(self, folder: Path):
        path = folder / EVENTS_FILE
        self._tenure = Tenure(folder)
        self._tenure.end_if_over()
        self._next_seq = _cut_half_written_line(path) + 1
        self._file = path.open("ab", buffering=0)

    def write(self, event: Event) -> None:
        """Raises OSError, the file as before, where the disk does not take the line."""
        self._tenure.end_if_over()
        stamped = event.model_copy(update={"seq": self._next_seq, "time": time.time()})
        line, end = f"{stamped.model_dump_json()}\n".encode(), self._file.seek(0, os.SEEK_END)
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError:
            self._file.truncate(end)
            raise
        self._next_seq += 1

    def sync(self) -> None:
        """Have the disk itself hold every line so far, which a node that loses power would else lose."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def _cut_half_written_line(path: Path) -> int:
    """Truncate after the last whole line; return how many lines there are."""
    if not path.exists():
        return 0
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end < len(content):
        with path.open("r+b") as file:
            file.truncate(end)
    return content.count(b"\n")
