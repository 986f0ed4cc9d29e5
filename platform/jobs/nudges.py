"""Messages that tell a worker to look for jobs. Workers look every few seconds anyway: a lost one costs those."""

import uuid
from functools import partial

from django.db import transaction

from runs import nudges

LOOK_FOR_JOBS = "worker.look_for_jobs"


def send_on_commit(job_id: uuid.UUID) -> None:
    transaction.on_commit(partial(nudges.post, LOOK_FOR_JOBS, str(job_id)), robust=True)
