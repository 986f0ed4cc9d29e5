"""What may be read of jobs. Everything starts from a user and holds only their teams' rows."""

import uuid

from django.db.models import Q, QuerySet

from flowdppo_engine.events import Sample, Scored, Tried
from jobs.models import Job
from teams.models import User

PAGE_SIZE = 50


def visible_jobs(user: User) -> QuerySet[Job]:
    return Job.objects.filter(team__memberships__user=user).select_related("team", "created_by", "run")


def jobs_page(user: User, before: uuid.UUID | None = None) -> tuple[list[Job], bool]:
    """Newest first, those after the job `before` in the list; and whether there are more."""
    jobs = visible_jobs(user).defer("payload", "result")
    last = jobs.filter(id=before).first() if before else None
    if last:
        jobs = jobs.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.id))
    found = list(jobs[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE


def samples_of(job: Job) -> list[Sample]:
    """The scored pictures so far, in their order."""
    found = [sample for event in job.result.get("samples", ()) for sample in event["samples"]]
    return sorted((Sample.model_validate(sample) for sample in found), key=lambda sample: sample.index)


def scored_of(job: Job) -> Scored | None:
    return _only(job, "scored", Scored)


def tried_of(job: Job) -> Tried | None:
    return _only(job, "tried", Tried)


def preflight_of(user: User, run_id: uuid.UUID) -> Job | None:
    """The last try of a run's first step, if there was one."""
    return visible_jobs(user).filter(run=run_id, kind="preflight").first()


def _only(job: Job, kind: str, event: type):
    bodies = job.result.get(kind)
    return event.model_validate(bodies[-1]) if bodies else None
