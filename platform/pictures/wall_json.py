"""The wall as its script gets it: what there is to choose from, and tiles with all that is known of each."""

import re
from pathlib import PurePosixPath

from django.urls import reverse

from pictures.refs import find_pictures, parse_ref
from pictures.shown import show
from pictures.wall_questions import DRAWN
from pictures.walls import Picture, Wall
from runs.models import Run, Sample
from teams.models import User

VIDEO_SUFFIX = ".webp"
MARK = re.compile(r"([sd])(\d{1,18})")


def describe_wall(wall: Wall) -> dict:
    """All of it with its first page. Raises ValueError."""
    # Before the page is read: what comes meanwhile is told of later, rather than never.
    seen = ",".join(f"{source}{newest}" for source, newest in wall.newest().items())
    page = describe_page(wall, "")
    return page | {
        "live": wall.is_live,
        "seen": seen,
        "runs": [describe_run(run) for run in wall.runs],
        "steps": wall.steps,
        "step": wall.step,
        "rewards": wall.extremes(),
        "total": wall.count(),
    }


def describe_page(wall: Wall, place: str) -> dict:
    """The tiles of one page, and where the next one begins. Raises ValueError."""
    rows, following = wall.read_page(place)
    return {"tiles": [describe_tile(row) for row in rows], "next": following}


def describe_news(wall: Wall, seen: str) -> dict:
    """What came after the answer that said `seen`, for a wall whose runs live. Raises ValueError."""
    marks = [MARK.fullmatch(part) for part in seen.split(",") if part]
    if not all(marks):
        raise ValueError(f"seen = {seen[:40]!r} is none of ours: give what the wall's last answer had.")
    num_new = wall.count(after={mark[1]: int(mark[2]) for mark in marks})
    return {"live": wall.is_live, "steps": wall.steps, "num_new": num_new}


def describe_opened(user: User, text: str) -> dict | None:
    """The picture that is open in full; None where there is none of that name. Raises ValueError."""
    ref = parse_ref(text)
    row = find_pictures(user, [ref]).get(ref)
    return describe_tile(row) if row else None


def describe_run(run: Run) -> dict:
    return {"id": str(run.id), "name": run.name, "url": reverse("run", args=[run.id])}


def describe_tile(row: Picture) -> dict:
    """`row` comes with its run."""
    shown = show(row)
    about = {
        "ref": str(shown.ref),
        "run": str(shown.run_id) if shown.run_id else None,
        "run_name": shown.run_name,
        "run_url": reverse("run", args=[row.run_id]) if row.run_id else None,
        "iteration": shown.iteration,
        "prompt": shown.prompt,
        "seed": shown.seed,
        "rewards": shown.rewards,
        "kl": shown.kl,
        "picture": shown.picture,
        "thumbnail": shown.thumbnail,
        "is_video": PurePosixPath(row.path).suffix == VIDEO_SUFFIX,
    }
    if isinstance(row, Sample):
        return about | {"kind": row.kind, "group": row.group, "advantage": row.advantage, "step": row.step}
    how = {"prompt_set": row.prompt_set, "num_steps": row.num_steps, "guidance_scale": row.guidance_scale}
    return about | {"kind": DRAWN, "group": None, "advantage": None} | how
