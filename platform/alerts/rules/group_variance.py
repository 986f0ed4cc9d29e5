"""Groups whose images all score the same teach nothing."""

from alerts.models import Kind
from alerts.rules.history import History
from alerts.rules.reading import MAX_LEVEL, MEAN_OF_THE_LAST, Definition, Option, Options, Reading, figure

ZERO_GROUPS = "reward/zero_groups"
SPREAD = "reward/std"


def judge(history: History, iteration: int, options: Options) -> Reading | None:
    """The share of groups without a signal, and where asked for the spread of rewards, over the last iterations."""
    window = int(options["num_iterations"])
    groups = history.series(ZERO_GROUPS).last(window, iteration)
    if len(groups) < window:
        return None
    percent = 100 * float(groups.values.mean())
    readings = [
        Reading(
            percent / float(options["zero_groups"]),
            f"In {percent:.0f} % of the groups of the last {window} iterations all images score the same.",
            0,
            (ZERO_GROUPS, SPREAD),
        )
    ]
    spreads = history.series(SPREAD).last(window, iteration)
    if options["min_std"] is not None and len(spreads) == window:
        spread, least = float(spreads.values.mean()), float(options["min_std"])
        words = (
            f"The reward's standard deviation between images is {figure(spread)}; at least {figure(least)} is asked."
        )
        ratio = least / spread if spread > 0 else 2.0**MAX_LEVEL
        readings.append(Reading(ratio, words, 0, (SPREAD, ZERO_GROUPS)))
    return max(readings, key=lambda reading: reading.ratio)


DEFINITION = Definition(
    Kind.GROUP_VARIANCE,
    "Most groups have no image that is better than another, so there is nothing left to learn from: the prompts are "
    "all solved or all hopeless, or the policy draws one picture for each.",
    (
        Option(
            "zero_groups",
            "Groups without a signal",
            80,
            "Share of groups whose images all have the same reward.",
            unit="%",
            least=1,
            most=100,
        ),
        Option(
            "min_std",
            "Spread of rewards below",
            None,
            "Standard deviation of the reward between images, in its own unit. Empty: not watched.",
            least=1e-9,
            is_optional=True,
        ),
        MEAN_OF_THE_LAST,
    ),
    judge,
    metrics=(ZERO_GROUPS, SPREAD),
)
