"""Which leases have run out: those of holders that had the time to renew."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from core import leases
from runs.models import Run
from tests.platform.lab import add_run

SECOND = timedelta(seconds=1)


@pytest.fixture
def held(lab):
    """Three rows: whose lease has passed, whose has not, and one that nobody holds."""
    for name, ends in (("passed", Now() - SECOND), ("held", Now() + SECOND * 60), ("free", None)):
        add_run(lab.experiment, name, lease_expires_at=ends)
    return Run.objects.filter(experiment=lab.experiment)


def since_the_start_of_the_database() -> timedelta:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() - pg_postmaster_start_time()")
        return cursor.fetchone()[0]


def test_those_that_have_passed(held):
    short = since_the_start_of_the_database() / 2
    assert [run.name for run in leases.run_out(held, short)] == ["passed"]


def test_after_a_start_of_the_database_every_holder_gets_the_time_of_a_lease(held):
    long = since_the_start_of_the_database() + SECOND * 60
    assert not leases.run_out(held, long)
