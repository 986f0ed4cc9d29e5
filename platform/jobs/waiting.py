"""Why a job waits, in words."""

from collections.abc import Sequence

from fleet.placement import Target
from fleet.snapshot import known_targets
from fleet.waiting import START_A_WORKER
from jobs.models import Job, JobState
from runs.templatetags.figures import duration


def why_it_waits(job: Job) -> str:
    """Of a queued job. What is before it is of all teams: a number tells nothing of whose it is."""
    targets = known_targets({})
    able = [target for target in targets if target.is_open]
    if not able:
        return f"No worker takes work now: {START_A_WORKER}."
    if job.needs_gpu and any(target.has_gpus for target in targets):
        obstacle = _lacks_gpu([target for target in able if target.has_gpus])
        if obstacle:
            return obstacle
    before = Job.objects.filter(state=JobState.QUEUED, created_at__lt=job.created_at).count()
    if not before:
        return "First in line: it starts as soon as a worker has a place for it."
    return f"{before} {'job' if before == 1 else 'jobs'} before it."


def _lacks_gpu(able: Sequence[Target]) -> str:
    if not able:
        return "It needs a GPU, and no node that has one takes work now."
    if any(target.free for target in able):
        return ""
    known = [seconds for target in able if (seconds := target.seconds_until(1)) is not None]
    when = f", in about {duration(min(known))}" if known else ""
    return f"It needs a GPU, and others hold them all: it takes the first that comes free{when}."
