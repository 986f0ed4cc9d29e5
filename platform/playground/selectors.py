"""What may be read of the playground: a person's own sheets, and the pictures that an address leads to."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Now

from flowdppo_engine.config.output import EvaluationConfig
from pictures.models import Drawing
from pictures.policies import Policy, find_policies
from pictures.selectors import visible_drawings
from pictures.shown import Shown, show
from playground.asked import Asked, asked_of
from playground.models import LIVE, Drawn, Sheet
from teams.models import User

PAGE_SIZE = 20
MOST_THUMBNAILS = 4


@dataclass(frozen=True)
class Settings:
    """How it is drawn, once it is known by whom."""

    num_steps: int
    guidance_scale: float


def visible_sheets(user: User) -> QuerySet[Sheet]:
    """A person's own, of teams that they still are in."""
    return Sheet.objects.filter(created_by=user, team__memberships__user=user)


def there() -> Q:
    """Drawings that have not expired: those that have may be gone at any moment."""
    return Q(expires_at=None) | Q(expires_at__gt=Now())


def policies_of(user: User, asked: Asked) -> list[Policy]:
    return list(find_policies(user, asked.policies).values())


def settings_of(asked: Asked, policies: Sequence[Policy]) -> Settings:
    """Where the address is silent, as the evaluations of the first policy's run draw."""
    first = policies[0].run.config.get("evaluation", {}) if policies else {}
    evaluation = EvaluationConfig.model_validate(first)
    return Settings(
        asked.num_steps or evaluation.num_denoising_steps, asked.guidance_scale or evaluation.guidance_scale
    )


def find_drawn(user: User, asked: Asked, policies: Sequence[Policy], settings: Settings) -> dict[int, Drawing]:
    """The pictures that are there already, by their place: what the same policy drew with the same settings.

    Those of evaluations are left out: their seeds mean another noise.
    """
    if not asked.prompt or not policies:
        return {}
    columns = {_drawn_by(policy): column for column, policy in enumerate(policies)}
    rows = {seed: row for row, seed in enumerate(asked.seeds)}
    found = visible_drawings(user).filter(
        there(),
        job=None,
        run__in=[policy.run.id for policy in policies],
        iteration__in=[policy.iteration for policy in policies],
        prompt=asked.prompt,
        seed__in=asked.seeds,
        num_steps=settings.num_steps,
        guidance_scale=settings.guidance_scale,
    )
    return {
        rows[drawing.seed] * len(policies) + columns[by]: drawing
        for drawing in found
        if (by := (drawing.run_id, drawing.iteration, drawing.checkpoint_id)) in columns
    }


def _drawn_by(policy: Policy) -> tuple:
    return policy.run.id, policy.iteration, policy.checkpoint.id if policy.checkpoint else None


def live_sheet(user: User, asked: Asked, settings: Settings) -> Sheet | None:
    """One of the person's that is just drawing what the address asks for."""
    return sheets_for(user, asked, settings).filter(state__in=LIVE).first()


def sheets_for(user: User, asked: Asked, settings: Settings) -> QuerySet[Sheet]:
    """The person's own that asked for just that, the newest first."""
    same = {
        "policies": [str(ref) for ref in asked.policies],
        "prompt": asked.prompt,
        "seeds": list(asked.seeds),
        "num_steps": settings.num_steps,
        "guidance_scale": settings.guidance_scale,
    }
    return visible_sheets(user).filter(**same)


def pictures_of(user: User, sheet: Sheet) -> dict[int, Drawing]:
    """By place; those that the person may see."""
    rows = Drawn.objects.filter(there_drawn(), sheet=sheet, drawing__team__memberships__user=user)
    return {row.place: row.drawing for row in rows.select_related("drawing__run").order_by("place")}


def there_drawn() -> Q:
    return Q(drawing__expires_at=None) | Q(drawing__expires_at__gt=Now())


@dataclass(frozen=True)
class Past:
    """A sheet in the history, with the first of its pictures that are still there. `num_there`: how many are."""

    sheet: Sheet
    address: str
    first: tuple[Shown, ...]
    num_there: int


def history_page(user: User, before: uuid.UUID | None = None) -> tuple[list[Past], uuid.UUID | None]:
    """The person's own, newest first, those after the sheet `before`; and the last one's id where there are more."""
    sheets = visible_sheets(user)
    last = sheets.filter(id=before).first() if before else None
    if last:
        sheets = sheets.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.id))
    seen = Drawn.objects.filter(there_drawn(), drawing__team__memberships__user=user).order_by("place")
    found = list(sheets.prefetch_related(Prefetch("drawn", seen.select_related("drawing__run")))[: PAGE_SIZE + 1])
    past = [_describe(sheet) for sheet in found[:PAGE_SIZE]]
    return past, past[-1].sheet.id if len(found) > PAGE_SIZE else None


def _describe(sheet: Sheet) -> Past:
    rows = sheet.drawn.all()
    return Past(sheet, asked_of(sheet).address, tuple(show(row.drawing) for row in rows[:MOST_THUMBNAILS]), len(rows))
