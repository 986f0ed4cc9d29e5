"""Why nothing is drawn, in words; empty where something is, or will be within seconds."""

from fleet.models import Hold
from fleet.placement import Target
from fleet.snapshot import known_targets
from fleet.states import NodeState
from fleet.waiting import START_A_WORKER
from playground.models import Sheet, SheetState
from runs.templatetags.figures import duration


def why_nobody_draws(needs_gpu: bool) -> str:
    """What keeps pictures from being drawn at all now."""
    targets = known_targets({})
    able = [target for target in targets if target.is_open]
    if not able:
        draining = any(target.state == NodeState.DRAINING for target in targets)
        reason = "All nodes are draining" if draining else "No worker is there"
        return f"{reason}, so nothing can be drawn now: {START_A_WORKER}."
    if not needs_gpu or not any(target.has_gpus for target in targets):
        return ""
    return _lacks_gpu([target for target in able if target.has_gpus])


def why_it_waits(sheet: Sheet) -> str:
    if sheet.state != SheetState.WAITING:
        return ""
    obstacle = why_nobody_draws(sheet.needs_gpu)
    if obstacle:
        return obstacle
    before = Sheet.objects.filter(state=SheetState.DRAWING).count()
    before += Sheet.objects.filter(state=SheetState.WAITING, created_at__lt=sheet.created_at).count()
    return f"{before} {'request' if before == 1 else 'requests'} before it; people take turns." if before else ""


def _lacks_gpu(able: list[Target]) -> str:
    if not able:
        return "This model needs a GPU, and no node that has one takes work now."
    if any(target.free for target in able) or Hold.objects.filter(yields=True).exists():
        return ""
    known = [seconds for target in able if (seconds := target.seconds_until(1)) is not None]
    when = f", in about {duration(min(known))}" if known else ""
    return f"Runs hold all GPUs: it is drawn when one comes free{when}."
