"""A picture of a comparison: what is known of it, and from where its bytes come."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from django.urls import reverse

from comparing.rows import Rows
from pictures.models import Drawing
from pictures.refs import Ref, pictures_among
from pictures.shown import Shown, show
from runs.models import Sample

MOVING = ".webp"


@dataclass(frozen=True)
class Addresses:
    """Where a page that is not the team's own gets pictures from: each is given a ref and answers with an address.

    Below `frames` there is the number of a sheet, with a slash: see `comparing.frames`.
    """

    picture: Callable[[Ref], str]
    thumbnail: Callable[[Ref], str]
    frames: Callable[[Ref], str]


@dataclass(frozen=True)
class Item:
    """`frames` is where the frames are; empty for a picture that stands still."""

    shown: Shown
    frames: str

    @property
    def policy(self) -> str:
        """What drew it, in words."""
        run = self.shown.run_name
        if not run:
            return self.when
        return f"{run} {self.when}" if self.shown.iteration else f"{self.when} of {run}"

    @property
    def when(self) -> str:
        return f"at {self.shown.iteration}" if self.shown.iteration else "base model"

    def as_data(self) -> dict:
        """For the scripts of the page."""
        shown = self.shown
        scores = shown.rewards | ({} if shown.kl is None else {"kl": shown.kl})
        return {
            "ref": str(shown.ref),
            "policy": self.policy,
            "run": shown.run_name,
            "when": self.when,
            "prompt": shown.prompt,
            "seed": str(shown.seed),
            "scores": scores,
            "picture": shown.picture,
            "frames": self.frames,
        }


def item_of(row: Sample | Drawing, addresses: Addresses | None = None) -> Item:
    """`row` comes with its run."""
    shown = show(row)
    is_moving = PurePosixPath(row.path).suffix.lower() == MOVING
    if addresses is None:
        return Item(shown, reverse("picture_frames", args=[str(shown.ref)]) if is_moving else "")
    ref = shown.ref
    shown = replace(shown, picture=addresses.picture(ref), thumbnail=addresses.thumbnail(ref))
    return Item(shown, addresses.frames(ref) if is_moving else "")


def items_among(rows: Rows, refs: Iterable[Ref], addresses: Addresses | None = None) -> list[Item]:
    """Those of `refs` that are there, in their order; two queries at most."""
    found = pictures_among(rows.samples, rows.drawings, refs)
    return [item_of(row, addresses) for row in found.values()]
