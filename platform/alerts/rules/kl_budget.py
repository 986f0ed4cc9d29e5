"""The policy is further from the base model than it may be."""

from alerts.models import Kind
from alerts.rules.history import History
from alerts.rules.reading import MEAN_OF_THE_LAST, Definition, Option, Options, Reading, figure

UNITS = {
    "kl/reference_nats": "KL to the base model, nats",
    "kl/reference_mean": "KL to the base model, mean over the latent",
    "velocity/reference_distance": "Distance of the velocities (DiffusionNFT)",
}


def judge(history: History, iteration: int, options: Options) -> Reading | None:
    """The mean of the last iterations over the budget."""
    key, window = str(options["metric"]), int(options["num_iterations"])
    recent = history.series(key).last(window, iteration)
    if len(recent) < window:
        return None
    mean, budget = float(recent.values.mean()), float(options["budget"])
    words = f"{UNITS[key]}: {figure(mean)} over the last {window} iterations; the budget is {figure(budget)}."
    return Reading(mean / budget, words, 0, (key,))


DEFINITION = Definition(
    Kind.KL_BUDGET,
    "The policy has moved further from the base model than you allow. Off until you set a budget: what is far depends "
    "on the model and its resolution, so look at the curve of an earlier run.",
    (
        Option(
            "metric",
            "Measured as",
            "kl/reference_nats",
            "Nats can be compared between resolutions, the mean cannot.",
            choices=tuple(UNITS.items()),
        ),
        Option("budget", "Budget", 10, "In the unit of the measure.", least=1e-9),
        MEAN_OF_THE_LAST,
    ),
    judge,
    metrics=tuple(UNITS),
    is_on=False,
)
