"""A run that is alive and gets nowhere. A hang is no death: the lease is renewed, and no worker takes it for lost."""

from alerts.models import Kind
from alerts.rules.reading import Definition, Option, Options, Reading


def judge_still(minutes: float, where: str, options: Options) -> Reading:
    """`minutes` since the run has last moved; `where` names the phase that it is in."""
    words = f"Nothing has moved for {minutes:.0f} minutes{f' ({where})' if where else ''}."
    return Reading(minutes / float(options["minutes"]), words, 0, ("time/reward_seconds", "time/rollout_seconds"))


DEFINITION = Definition(
    Kind.NO_PROGRESS,
    "A running run has not moved for a while: no pass through the network, no score, no iteration. A reward server "
    "that hangs is the usual reason.",
    (
        Option(
            "minutes",
            "Nothing moved for",
            30,
            "Longer than loading or compiling the model takes.",
            unit="minutes",
            least=1,
            most=10_000,
        ),
    ),
    None,
)
