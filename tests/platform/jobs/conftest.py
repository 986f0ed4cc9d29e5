import pytest

from jobs.models import Job
from tests.platform.jobs.laboratory import queue


@pytest.fixture
def job(lab) -> Job:
    """A queued dry run of the lab's team."""
    return queue(lab)
