"""Reports for tests, and a run with something to show in them."""

from pathlib import Path

from django.conf import settings
from PIL import Image

from reports.models import Report
from reports.services import create_report
from runs import stored_files
from runs.metric_names import KL_TO_BASE, REWARD
from runs.models import MetricPoint, Run, Sample
from tests.platform.lab import Lab, add_evaluation, add_run, add_sample


def add_report(lab: Lab, body: str = "Some words.", title: str = "Findings") -> Report:
    return create_report(lab.member, lab.team, title, body)


def add_full_run(lab: Lab, name: str = "first", **fields) -> Run:
    """A run with curves, samples of two iterations, and evaluations of base model and checkpoint."""
    run = add_run(lab.experiment, name, **fields)
    attempt = run.attempts.get()
    MetricPoint.objects.bulk_create(
        MetricPoint(run=run, attempt=attempt, key=key, iteration=at, step=2 * at, time=0.0, value=slope * at)
        for at in range(1, 5)
        for key, slope in ((REWARD, 0.1), (KL_TO_BASE, 0.5))
    )
    add_evaluation(run, 0, 0.4)
    add_evaluation(run, 4, 0.6)
    for iteration in (0, 4):
        draw(add_sample(run, iteration))
    return run


def all_panels(run: Run) -> str:
    """The text of a report with a panel of each kind, and one that does not read."""
    sample = run.samples.first()
    parts = [
        "# What we found",
        panel("curves", f"runs: {run.id}"),
        panel("frontier", f"runs: {run.id}"),
        panel("table", f"runs: {run.id}"),
        panel("grid", f"policies: {run.id}@0, {run.id}@4"),
        panel("pictures", f"refs: s{sample.id}"),
        panel("curves", "runs: 12"),
    ]
    return "\n\n".join(parts)


def draw(sample: Sample) -> Sample:
    """Lay the sample's file."""
    file = Path(settings.MEDIA_ROOT) / stored_files.name_of(sample)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 64), (40 * (sample.iteration % 6), sample.id % 256, 90)).save(file)
    return sample


def panel(kind: str, *lines: str) -> str:
    return "\n".join([f"```{kind}", *lines, "```"])
