"""Why a run waits, in words: its place in line, what it waits for, and when that is expected."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import ordinal

from fleet import snapshot
from fleet.ordering import NOTHING_YET, Share, Waiting
from fleet.placement import Target, able_to_take, may_start, reservations
from fleet.snapshot import Snapshot
from fleet.states import NodeState
from runs.models import Run, RunState
from runs.templatetags.figures import duration

START_A_WORKER = "start one with `python -m worker runs`, or join another machine on the page Nodes"


@dataclass(frozen=True)
class Standing:
    """`place` counts from 1 among those that may start, None where the run may not; `seconds`: until it has its slots,
    None where nobody knows.
    """

    text: str
    place: int | None = None
    seconds: float | None = None


def explain(run: Run) -> str:
    """Why it waits; empty where it does not wait."""
    standing = standing_of(run)
    return standing.text if standing else ""


def standing_of(run: Run) -> Standing | None:
    if run.state != RunState.QUEUED:
        return None
    if run.is_reported:
        return Standing("It is trained elsewhere, and goes on once that machine reports again.")
    if run.awaits_preflight:
        return Standing("Its first step is tried before it takes its place in the queue.")
    fleet = snapshot.take()
    waiting = next((waiting for waiting in fleet.line if waiting.run_id == run.id), None)
    return judge(waiting, fleet) if waiting else None


def judge(run: Waiting, fleet: Snapshot) -> Standing:
    """What keeps this run of the line."""
    share = fleet.shares.get(run.team_id, NOTHING_YET)
    obstacle = (
        _nobody_is_there(fleet.targets)
        or _quota(run, share)
        or _too_large(run, fleet.targets)
        or _none_is_open(run, fleet.targets)
    )
    return Standing(obstacle) if obstacle else _in_line(run, fleet)


def unit_of(targets: Sequence[Target]) -> str:
    return "GPU" if any(target.has_gpus for target in targets) else "slot"


def counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _nobody_is_there(targets: Sequence[Target]) -> str:
    if not targets:
        return f"No worker has come yet: {START_A_WORKER}."
    if any(target.state in (NodeState.OPEN, NodeState.DRAINING) for target in targets):
        return ""
    return (
        f"No worker has been heard from for {duration(min(target.silence for target in targets))}: {START_A_WORKER}."
    )


def _quota(run: Waiting, share: Share) -> str:
    if share.allows(run.num_gpus):
        return ""
    if run.num_gpus > share.quota:
        return (
            f"Your team may use {counted(share.quota, 'GPU')} at a time, and this run asks for {run.num_gpus}: "
            "ask an operator for more, or submit it with fewer."
        )
    return (
        f"Your team uses {share.held} of its quota of {counted(share.quota, 'GPU')}: "
        "it starts once enough of your team's runs have ended."
    )


def _too_large(run: Waiting, targets: Sequence[Target]) -> str:
    if able_to_take(run, targets):
        return ""
    most = max(len(target.slots) for target in targets)
    return f"No node has {counted(run.num_gpus, unit_of(targets))}: the largest has {most}."


def _none_is_open(run: Waiting, targets: Sequence[Target]) -> str:
    able = able_to_take(run, targets)
    if any(target.is_open for target in able):
        return ""
    if len(able) == len(targets) and all(target.state == NodeState.DRAINING for target in targets):
        return "All nodes are draining: they take nothing new until somebody lets them."
    words = {NodeState.DRAINING: "is draining", NodeState.SILENT: "is silent", NodeState.LEFT: "has left"}
    return f"It fits {_and([f'{target.name}, which {words[target.state]}' for target in able])}."


def _in_line(run: Waiting, fleet: Snapshot) -> Standing:
    able = [target for target in able_to_take(run, fleet.targets) if target.is_open]
    ahead = fleet.line[: fleet.line.index(run)]
    place = 1 + sum(may_start(other, fleet.shares) for other in ahead)
    text = f"{ordinal(place)} in the queue."
    kept = reservations(fleet.line, able, fleet.shares)
    fitting = [target for target in able if not target.lacks(run)]
    if fitting and place == 1:
        return Standing(f"{text} It starts within seconds.", place, 0.0)
    others = [target for target in fitting if kept.get(target.node_id, run.run_id) != run.run_id]
    if fitting and len(others) == len(fitting):
        return Standing(f"{text} Node {others[0].name} is kept for a larger run that has waited longer.", place)
    target, seconds = _first_to_have(run, able)
    return Standing(f"{text} {_frees(run, target, seconds, fleet.targets)}", place, seconds)


def _first_to_have(run: Waiting, able: Sequence[Target]) -> tuple[Target, float | None]:
    def when(target: Target) -> tuple:
        seconds = target.seconds_until(run.num_gpus)
        return seconds is None, seconds or 0.0, target.lacks(run), target.name

    first = min(able, key=when)
    return first, first.seconds_until(run.num_gpus)


def _frees(run: Waiting, target: Target, seconds: float | None, targets: Sequence[Target]) -> str:
    what = counted(run.num_gpus, unit_of(targets))
    if seconds is None:
        return f"It waits for {what} of node {target.name}; what runs there has not said yet when it ends."
    return f"Node {target.name} has {what} free{f' in about {duration(seconds)}' if seconds else ''}."


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
