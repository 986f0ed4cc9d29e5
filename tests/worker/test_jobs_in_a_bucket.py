"""Jobs whose files are kept in a real S3 bucket: what was given comes from there, and what was made goes there."""

import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import default_storage

from flowdppo_engine.config import RunConfig
from jobs import services
from jobs.models import JobState
from jobs.selectors import samples_of
from jobs.uploads import Upload
from runs import media, stored_files
from teams.models import Role, Team
from teams.services import create_user, set_role
from tests.platform.jobs.pictures import picture
from tests.worker.conftest import wait_for

FAKE = f"{sys.executable},-m,tests.worker.fake_job_engine"


@pytest.fixture
def member(submit):
    user = create_user("member@example.org", "a long one, for tests")
    set_role(Team.objects.get(), user, Role.MEMBER)
    return user


def test_what_was_given_and_what_was_made_are_in_the_bucket(s3_files, monkeypatch, workers, member):
    monkeypatch.setenv("FILES_URL", s3_files)
    given = [Upload(picture().read(), "a cat")]
    job = services.dry_run(member, Team.objects.get(), "rewards", RunConfig(), given=given)
    workers.start(engine=FAKE, needs_input=True)

    def ended() -> bool:
        job.refresh_from_db()
        return not job.is_live

    wait_for(ended, "the end of the job")
    assert job.state == JobState.FINISHED, job.error
    for sample in samples_of(job):
        name = stored_files.inside(job.attempt_folder, sample.path)
        assert media.read_stored(name).content.startswith(b"\x89PNG")
    assert default_storage.open_from(f"{job.folder}/inputs/0000.png").read() == given[0].png
    assert not (Path(django_settings.MEDIA_ROOT) / job.attempt_folder).exists()
