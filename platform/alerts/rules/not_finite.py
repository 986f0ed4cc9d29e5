"""Gradients and scores that are NaN or infinite."""

from alerts.models import Kind
from alerts.rules.history import History
from alerts.rules.reading import QUIET, Definition, Option, Options, Reading

SKIPPED = "optim/skipped_steps"


def judge(history: History, iteration: int, options: Options) -> Reading | None:
    """How many there were in the last iterations."""
    window = int(options["num_iterations"])
    first = max(0, iteration - window + 1)
    skipped = int(history.series(SKIPPED).between(first, iteration).values.sum())
    bad = [
        f"{name} on {one.prompt_set}"
        for one in history.evaluations
        if first <= one.iteration <= iteration
        for name, score in one.scores.items()
        if score.mean is None
    ]
    if not skipped + len(bad):
        return QUIET
    words = []
    if skipped:
        steps = "optimizer step was" if skipped == 1 else "optimizer steps were"
        words.append(f"{skipped} {steps} skipped, because the gradient was NaN or infinite")
    if bad:
        words.append(f"no finite score: {', '.join(bad)}")
    summary = f"In the last {window} iterations: {'; '.join(words)}."
    return Reading((skipped + len(bad)) / float(options["num_bad"]), summary, 0, (SKIPPED, "optim/grad_norm"))


DEFINITION = Definition(
    Kind.NOT_FINITE,
    "An optimizer step was skipped because its gradient was NaN or infinite, or an evaluation gave such a score. The "
    "weights are unharmed; a run with many of them in a row fails.",
    (
        Option("num_bad", "At least", 1, "Skipped steps and scores together.", least=1, most=1000, is_whole=True),
        Option(
            "num_iterations",
            "In the last",
            10,
            "Older ones are forgotten.",
            unit="iterations",
            least=1,
            most=1000,
            is_whole=True,
        ),
    ),
    judge,
    metrics=(SKIPPED,),
)
