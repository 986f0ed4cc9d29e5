"""What was rolled back: from where it left the line that counts, attempt by attempt, and only to the team."""

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.curves import NUM_BUCKETS
from runs.lost_points import read_lost
from runs.series import read_lost_series, read_series
from teams.models import Membership, Team, User
from tests.platform.runs.synthetic_run import SyntheticRun, metrics

KEY = "reward/mean"


@pytest.fixture
def member(experiment) -> User:
    user = User.objects.create_user("member", "member@example.org")
    Membership.objects.create(team=experiment.team, user=user, role="viewer")
    return user


@pytest.fixture
def rolled_back(experiment) -> SyntheticRun:
    """Three attempts: the first came to 9 and counts until 4, the second came to 6 and counts until 5."""
    synthetic = SyntheticRun(experiment)
    synthetic.train(range(1, 10), lambda iteration: iteration / 10)
    synthetic.stop_and_resume(4)
    synthetic.train(range(5, 7), lambda iteration: iteration / 100)
    synthetic.stop_and_resume(5)
    synthetic.train(range(6, 12), lambda iteration: iteration / 1000)
    return synthetic


def test_each_attempt_has_what_it_lost_from_where_it_left_the_line(rolled_back, member):
    answer = read_lost_series(member, [rolled_back.id], [KEY])
    first, second = answer[str(rolled_back.id)]
    assert (first["number"], second["number"]) == (1, 2)
    assert first["series"][KEY] == {
        "iteration": [4, 5, 6, 7, 8, 9],
        "step": [8, 10, 12, 14, 16, 18],
        "value": [0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
    }
    assert second["series"][KEY]["value"] == [0.05, 0.06]
    (run,) = read_series(member, [rolled_back.id], [KEY])["runs"]
    assert run["series"][KEY]["value"] == [0.1, 0.2, 0.3, 0.4, 0.05, 0.006, 0.007, 0.008, 0.009, 0.01, 0.011]


def test_an_attempt_that_lost_nothing_is_left_out(experiment, member):
    synthetic = SyntheticRun(experiment)
    synthetic.train(range(1, 5))
    synthetic.stop_and_resume(4)
    assert read_lost(member, [synthetic.id], [KEY]) == {}


def test_after_a_fresh_start_all_of_it_is_lost(experiment, member):
    synthetic = SyntheticRun(experiment)
    synthetic.train(range(1, 4))
    synthetic.stop_and_resume(0)
    (lost,) = read_lost(member, [synthetic.id], [KEY])[synthetic.id]
    assert lost.by_key[KEY].iterations == [1, 2, 3]


def test_other_metrics_are_not_mixed_in(rolled_back, member):
    rolled_back.write(metrics(12, {"kl": 1.0}))
    rolled_back.stop_and_resume(11)
    lost = read_lost(member, [rolled_back.id], ["kl"])[rolled_back.id]
    assert [(attempt.number, list(attempt.by_key)) for attempt in lost] == [(3, ["kl"])]


def test_strangers_get_nothing(rolled_back):
    stranger = User.objects.create_user("stranger", "stranger@example.org")
    Membership.objects.create(team=Team.objects.create(name="Other", slug="other"), user=stranger)
    assert read_lost_series(stranger, [rolled_back.id], [KEY]) == {}


def test_a_long_stretch_comes_thinned_with_its_extremes_in_as_many_queries(experiment, member):
    synthetic = SyntheticRun(experiment)
    values = np.random.default_rng(0).normal(size=4001)
    synthetic.train(range(1, 4001), lambda iteration: float(values[iteration]))
    synthetic.stop_and_resume(1)
    with CaptureQueriesContext(connection) as queries:
        (lost,) = read_lost(member, [synthetic.id], [KEY])[synthetic.id]
    curve = lost.by_key[KEY]
    assert len(queries) == 2 and len(curve.values) <= 2 * NUM_BUCKETS
    assert curve.iterations == sorted(curve.iterations)
    assert max(curve.values) == pytest.approx(values[1:].max()) and min(curve.values) == pytest.approx(
        values[1:].min()
    )
