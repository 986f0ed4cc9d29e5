"""What the end of a job means for the run that waited for it."""

from jobs.models import Job, JobState, Kind
from runs import lifecycle

PREFIX = "Its first step was tried and failed: "


def tell_run(job: Job, state: JobState, error: str, hint: str) -> None:
    """A pre-flight that failed ends its run; after any other end the run takes its place in the queue."""
    if job.kind != Kind.PREFLIGHT or job.run_id is None:
        return
    if state == JobState.FAILED:
        lifecycle.fail_untried(job.run_id, PREFIX + error, hint)
    else:
        words = "Its first step works." if state == JobState.FINISHED else "Its first step is not tried."
        lifecycle.release(job.run_id, f"{words} Now it waits for a worker.")
