"""What the settings of every reward have in common, and those of rewards that load a model."""

from typing import Literal

from flowdppo_engine.config.base import Strict, knob

LABEL = r"^[A-Za-z][A-Za-z0-9_.-]*$"


class RewardOptions(Strict):
    """A block of settings for one reward; `name` says which reward it is."""

    name: str
    weight: float = knob(1.0, "Weight in the summed reward; 0 only logs it.")
    label: str | None = knob(
        None, "Name that it is logged under; empty for its own. Two of one kind need two labels.", pattern=LABEL
    )

    @property
    def logged_as(self) -> str:
        """The reward's name in scores and metrics; no two rewards of a run share it."""
        return self.label or self.name

    @property
    def asks_questions(self) -> bool:
        """Whether each prompt must come with questions."""
        return False

    @property
    def is_overlapping(self) -> bool:
        """Whether it scores a batch while the next one is drawn."""
        return False

    @property
    def sources(self) -> dict[str, str]:
        """The fields that name a hub id or a local folder, for whoever decides which folders may be read."""
        return {}


class FramesConfig(Strict):
    num_frames: int = knob(4, "Frames of a video to score, evenly spread from first to last.", unit="frames", ge=1)
    aggregation: Literal["mean", "min"] = knob("mean", "A video's score is the mean of its frames, or the worst one.")


class ImageRewardOptions(RewardOptions):
    """A reward for single images, which scores a video by some of its frames."""

    frames: FramesConfig = FramesConfig()


class LocalRewardOptions(ImageRewardOptions):
    """A reward that is computed in the training process."""

    overlap: bool = knob(
        False,
        "Score in a thread of its own while the next images are drawn; pays where the training device is not needed.",
    )

    @property
    def is_overlapping(self) -> bool:
        return self.overlap


class RewardModelOptions(LocalRewardOptions):
    """A reward that loads a network. Each kind gives `source` its own default."""

    source: str = knob(..., "Hub id or local folder (safetensors).", min_length=1)
    revision: str | None = knob(None, "Branch, tag or commit of a hub id; empty for the newest.")
    device: str = knob(
        "training", "Where it runs: training (the device that trains), cpu, or one such as cuda:1.", min_length=1
    )
    dtype: Literal["float32", "bfloat16", "float16"] = knob("float32", "Precision of its weights.")
    batch_size: int = knob(16, "Images scored together.", unit="images", ge=1)

    @property
    def sources(self) -> dict[str, str]:
        return {"source": self.source}
