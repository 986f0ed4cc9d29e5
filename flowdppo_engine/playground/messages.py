"""What the drawing process is asked and what it answers: one JSON object a line. Torch-free."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, model_validator

from flowdppo_engine.config import RunConfig
from flowdppo_engine.config.base import Strict

MAX_PROMPT_LENGTH = 2000
MAX_STEPS = 200
MAX_GUIDANCE = 30.0
MAX_SEED = 2**53 - 1
"""What JSON's readers in browsers hold without rounding."""


class Adapter(Strict):
    """A checkpoint's LoRA. What was once loaded for a `key` is what it stands for, whatever the folder holds later."""

    key: str = Field(min_length=1, max_length=200)
    folder: Path


class Painter(Strict):
    """A run's policy: its model, how its evaluations lay their sigma grid, and its LoRA; None is the base model."""

    config: RunConfig
    adapter: Adapter | None = None


class Place(Strict):
    """One picture: who draws it (counted in `Draw.painters`), and from which noise."""

    index: int = Field(ge=0)
    painter: int = Field(ge=0)
    seed: int = Field(ge=0, le=MAX_SEED)


class Draw(Strict):
    """Draw `places` in their order, as files in `folder` named by their index. Without places models are loaded."""

    type: Literal["draw"] = "draw"
    id: str = Field(min_length=1, max_length=100)
    folder: Path
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_LENGTH)
    num_steps: int = Field(ge=1, le=MAX_STEPS)
    guidance_scale: float = Field(ge=1, le=MAX_GUIDANCE)
    painters: tuple[Painter, ...] = Field(min_length=1)
    places: tuple[Place, ...]

    @model_validator(mode="after")
    def painters_are_there(self):
        for place in self.places:
            if place.painter >= len(self.painters):
                raise ValueError(f"picture {place.index} is for painter {place.painter} of {len(self.painters)}.")
        return self


class Cancel(Strict):
    """Draw nothing more of the request `id`, which is answered with `cancelled`. Of any other id nothing comes."""

    type: Literal["cancel"] = "cancel"
    id: str


class Ready(Strict):
    """It listens."""

    type: Literal["ready"] = "ready"


class Step(Strict):
    """Of a picture, `step` of `num_steps` denoising steps are done."""

    type: Literal["step"] = "step"
    id: str
    index: int
    step: int
    num_steps: int


class Picture(Strict):
    """A picture is there. `seconds`: since its drawing began, with what had to be loaded for it."""

    type: Literal["picture"] = "picture"
    id: str
    index: int
    path: Path
    seconds: float


class Done(Strict):
    """The last word on a request that was drawn."""

    type: Literal["done"] = "done"
    id: str


class Cancelled(Strict):
    """The last word on a request that was cancelled."""

    type: Literal["cancelled"] = "cancelled"
    id: str


class Refused(Strict):
    """The last word on a request that cannot be drawn. `id` is empty where the line had none."""

    type: Literal["refused"] = "refused"
    id: str
    error: str
    hint: str = ""


Request = Draw | Cancel
Reply = Ready | Step | Picture | Done | Cancelled | Refused
_requests: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])
_replies: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="type")])


def parse_request(line: str | bytes) -> Request:
    """Raises pydantic's ValidationError."""
    return _requests.validate_json(line)


def parse_reply(line: str | bytes) -> Reply:
    """Raises pydantic's ValidationError."""
    return _replies.validate_json(line)
