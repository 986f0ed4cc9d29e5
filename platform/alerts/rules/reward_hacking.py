"""Training reward up while something that it should not cost goes down."""

from collections.abc import Iterator
from dataclasses import dataclass

from alerts.models import Kind
from alerts.rules.history import Evaluated, History
from alerts.rules.reading import QUIET, Definition, Option, Options, Reading, figure
from alerts.rules.trends import Trend, line_trend, paired_trend

REWARD = "reward/mean"
SPREAD = "reward/std"
DIVERSITY = "diversity/pixel_rms"


@dataclass(frozen=True)
class Fall:
    """Something that fell: by how many thresholds, in words, and the curve that shows it."""

    ratio: float
    words: str
    curve: object


def judge(history: History, iteration: int, options: Options) -> Reading | None:
    """At an iteration with an evaluation, over the last so many of each prompt set."""
    windows = [
        window
        for prompt_set in history.prompt_sets
        if len(window := _window(history, prompt_set, iteration, int(options["num_evaluations"]))) > 1
    ]
    if not windows:
        return None
    since = min(window[0].iteration for window in windows)
    rise = _rise(history, since, iteration, options)
    if rise is None:
        return QUIET
    falls = [fall for window in windows for fall in _score_falls(history, window, options)]
    falls += _diversity_falls(history, since, iteration, options)
    if not falls:
        return QUIET
    falls.sort(key=lambda fall: -fall.ratio)
    rose = f"Training reward rose from {figure(rise.start)} to {figure(rise.start + rise.change)}"
    words = f"{rose} since iteration {since}, while {'; '.join(fall.words for fall in falls)}."
    return Reading(falls[0].ratio, words, since, (REWARD, *(fall.curve for fall in falls)))


def _window(history: History, prompt_set: str, iteration: int, count: int) -> list[Evaluated]:
    """The last `count` evaluations, if the newest is of this iteration and there are as many."""
    found = history.evaluations_of(prompt_set, iteration)[-count:]
    return found if len(found) == count and found[-1].iteration == iteration else []


def _rise(history: History, since: int, iteration: int, options: Options) -> Trend | None:
    """The rise of the training reward, if it is one: significant, and so many spreads between images high."""
    reward = history.series(REWARD).between(since, iteration)
    trend = line_trend(reward.iterations, reward.values)
    if trend is None or not trend.rises:
        return None
    spread = history.series(SPREAD).between(since, iteration).values
    return trend if not len(spread) or trend.change >= options["min_rise"] * spread.mean() else None


def _score_falls(history: History, window: list[Evaluated], options: Options) -> Iterator[Fall]:
    for name, weight in history.rewards.items():
        threshold = options["reward_fall"] if weight else options["quality_fall"]
        scores = [evaluated.scores.get(name) for evaluated in window]
        if threshold is None or not all(scores):
            continue
        trend = paired_trend([one.iteration for one in window], [score.per_prompt for score in scores])
        if trend is None or trend.spread == 0 or not (trend.rises if weight < 0 else trend.falls):
            continue
        spreads = abs(trend.change) / trend.spread
        if spreads >= threshold:
            means = " to ".join(figure(score.mean) for score in (scores[0], scores[-1]) if score.mean is not None)
            verb = "rose" if weight < 0 else "fell"
            words = f"{name} on {window[0].prompt_set} {verb} from {means} ({spreads:.2f} spreads)"
            yield Fall(spreads / threshold, words, [window[0].prompt_set, name])


def _diversity_falls(history: History, since: int, iteration: int, options: Options) -> list[Fall]:
    threshold = options["diversity_fall"]
    diversity = history.series(DIVERSITY).between(since, iteration)
    trend = None if threshold is None else line_trend(diversity.iterations, diversity.values)
    if trend is None or not trend.falls or trend.start <= 0:
        return []
    percent = min(100.0, -100 * trend.change / trend.start)
    if percent < threshold:
        return []
    return [Fall(percent / threshold, f"the images of a group became {percent:.0f} % more alike", DIVERSITY)]


DEFINITION = Definition(
    Kind.REWARD_HACKING,
    "Training reward rises, while a held-out reward, a reward of weight 0 or the difference within a group falls: "
    "the policy may have found a way round the reward.",
    (
        Option(
            "num_evaluations",
            "Over the last",
            3,
            "The trend is over this many evaluations of a prompt set, and over the iterations between them.",
            unit="evaluations",
            least=2,
            most=50,
            is_whole=True,
        ),
        Option(
            "min_rise",
            "Training reward rose by",
            0.05,
            "A spread is the standard deviation of the reward between the images of an iteration.",
            unit="spreads",
            most=100,
        ),
        Option(
            "reward_fall",
            "Held-out reward fell by",
            0.05,
            "A spread is the standard deviation between prompts. Empty: not watched.",
            unit="spreads",
            least=0.001,
            most=100,
            is_optional=True,
        ),
        Option(
            "quality_fall",
            "A reward of weight 0 fell by",
            0.1,
            "Rewards that are measured and not trained for, such as picture quality. Empty: not watched.",
            unit="spreads",
            least=0.001,
            most=100,
            is_optional=True,
        ),
        Option(
            "diversity_fall",
            "Difference within a group fell by",
            25,
            "Of what it was at the start of the window. Empty: not watched.",
            unit="%",
            least=1,
            most=100,
            is_optional=True,
        ),
    ),
    judge,
    metrics=(REWARD, SPREAD, DIVERSITY),
)
