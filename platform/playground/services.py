"""What people do in the playground: have pictures drawn, stop that, keep what is good."""

from collections.abc import Sequence
from datetime import timedelta

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from pictures.models import Drawing
from pictures.policies import Policy
from playground import lifecycle, selectors
from playground.asked import Asked
from playground.models import LIVE, Drawn, Sheet
from runs.services import require_writer
from teams import audit
from teams.models import User

MAX_WAITING = 64
BE_READY_EVERY = 10
SMALL_MODEL = "sandbox"


@transaction.atomic
def draw(user: User, asked: Asked) -> Sheet:
    """Have drawn what is not there yet. The answer is a sheet that asked for the same before, where one is drawing it
    still or nothing is missing.

    Raises ValidationError with a message for each field, and PermissionDenied for viewers.
    """
    policies = selectors.policies_of(user, asked)
    _check(asked, policies)
    for team_id in {policy.run.experiment.team_id for policy in policies}:
        require_writer(user, team_id)
    settings = selectors.settings_of(asked, policies)
    # One request of a person at a time: two of them at once would both find room.
    User.objects.select_for_update(no_key=True).get(id=user.id)
    found = selectors.find_drawn(user, asked, policies, settings)
    num_missing = len(policies) * len(asked.seeds) - len(found)
    before = selectors.sheets_for(user, asked, settings)
    same = (before.filter(state__in=LIVE) if num_missing else before).first()
    if same:
        return same
    _require_room(user, num_missing)
    team = policies[0].run.experiment.team
    sheet = Sheet.objects.create(
        team=team,
        created_by=user,
        policies=[str(policy.ref) for policy in policies],
        checkpoints=[policy.checkpoint.id if policy.checkpoint else None for policy in policies],
        prompt=asked.prompt,
        seeds=list(asked.seeds),
        num_steps=settings.num_steps,
        guidance_scale=settings.guidance_scale,
        needs_gpu=any(map(needs_gpu, policies)),
    )
    _take_along(sheet, found)
    lifecycle.enqueue(sheet)
    audit.record(user, team, "asked to draw", f"“{asked.prompt}”", str(sheet.id))
    sheet.refresh_from_db()
    return sheet


def be_ready() -> None:
    """Somebody has the page open and may draw: a node starts a process, on its processors, before they have typed.

    It loads the sandbox's model; larger ones are loaded when they are asked for.
    """
    if cache.add("playground:be-ready", True, BE_READY_EVERY):
        lifecycle.tell_nodes(lifecycle.BE_READY)


@transaction.atomic
def stop(user: User, sheet: Sheet) -> None:
    """Draw no more of it; what is there stays. Raises PermissionDenied."""
    require_writer(user, sheet.team_id)
    if lifecycle.request_cancel(sheet):
        audit.record(user, sheet.team, "stopped drawing", f"“{sheet.prompt}”", str(sheet.id))


@transaction.atomic
def keep(user: User, drawing: Drawing) -> None:
    """Have it stay, among the samples of its run. Raises PermissionDenied."""
    require_writer(user, drawing.team_id)
    if Drawing.objects.filter(id=drawing.id).exclude(expires_at=None).update(expires_at=None):
        audit.record(user, drawing.team, "kept", f"a picture of “{drawing.prompt}”", f"d{drawing.id}")


@transaction.atomic
def let_go(user: User, drawing: Drawing) -> None:
    """Let a picture of the playground that was kept expire after all. Raises PermissionDenied, and ValidationError
    for one that was not drawn in the playground.
    """
    require_writer(user, drawing.team_id)
    if not Drawn.objects.filter(drawing=drawing).exists():
        raise ValidationError("This picture was not drawn in the playground, and stays.")
    expires_at = timezone.now() + lifecycle.KEPT_FOR
    if Drawing.objects.filter(id=drawing.id, expires_at=None).update(expires_at=expires_at):
        audit.record(user, drawing.team, "no longer keeps", f"a picture of “{drawing.prompt}”", f"d{drawing.id}")


def needs_gpu(policy: Policy) -> bool:
    """The sandbox's base model is small enough for a processor."""
    return policy.run.config.get("model", {}).get("source") != SMALL_MODEL


def _check(asked: Asked, policies: Sequence[Policy]) -> None:
    problems = {}
    if not asked.prompt:
        problems["prompt"] = "Say what to draw."
    gone = [str(ref) for ref in asked.policies if ref not in {policy.ref for policy in policies}]
    without = [str(policy) for policy in policies if not policy.can_draw]
    if not asked.policies:
        problems["policies"] = "Choose who draws: one to four checkpoints."
    elif gone:
        problems["policies"] = f"There is no {', '.join(gone)}: take it away, or choose another one."
    elif without:
        problems["policies"] = (
            f"The files of {', '.join(without)} were removed by its run: choose another checkpoint of it."
        )
    if problems:
        raise ValidationError(problems)


def _require_room(user: User, wanted: int) -> None:
    waiting = 0
    for sheet in Sheet.objects.filter(created_by=user, state__in=LIVE):
        waiting += len(lifecycle.places_left(sheet))
    if waiting + wanted > MAX_WAITING:
        error = (
            f"{waiting} of your pictures wait already, and with these {wanted} more than {MAX_WAITING} would: "
            "wait for some, or stop them."
        )
        raise ValidationError({"prompt": error})


def _take_along(sheet: Sheet, found: dict[int, Drawing]) -> None:
    """Pictures that are there already. They are to last as long as those that are drawn now."""
    Drawn.objects.bulk_create(Drawn(sheet=sheet, drawing=drawing, place=place) for place, drawing in found.items())
    ids = [drawing.id for drawing in found.values()]
    later = timezone.now() + lifecycle.KEPT_FOR - timedelta(seconds=1)
    Drawing.objects.filter(id__in=ids, expires_at__lt=later).update(expires_at=timezone.now() + lifecycle.KEPT_FOR)
