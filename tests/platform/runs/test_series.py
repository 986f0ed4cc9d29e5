"""Curves for the browser: the right numbers, each once, and only to the team."""

import json
from itertools import pairwise

import numpy as np
import pytest
from django.urls import reverse

from runs.curves import NUM_BUCKETS
from runs.models import Experiment, Run
from runs.series import list_metric_keys, read_series
from teams.models import Membership, Team, User
from tests.platform.runs.synthetic_run import SyntheticRun

KEY = "reward/mean"


@pytest.fixture
def member(experiment) -> User:
    user = User.objects.create_user("member", "member@example.org")
    Membership.objects.create(team=experiment.team, user=user, role="viewer")
    return user


@pytest.fixture
def stranger(db) -> User:
    user = User.objects.create_user("stranger", "stranger@example.org")
    Membership.objects.create(team=Team.objects.create(name="Other", slug="other"), user=user)
    return user


@pytest.fixture
def synthetic(experiment) -> SyntheticRun:
    return SyntheticRun(experiment)


def only_run(answer: dict) -> dict:
    (run,) = answer["runs"]
    return run


def curve(answer: dict, key: str = KEY) -> dict[int, float]:
    """Iteration → value; fails where one comes twice or out of order."""
    columns = only_run(answer)["series"].get(key, {"iteration": [], "value": []})
    assert all(earlier < later for earlier, later in pairwise(columns["iteration"]))
    return dict(zip(columns["iteration"], columns["value"], strict=True))


def test_a_short_curve_comes_whole(member, synthetic):
    synthetic.train(range(1, NUM_BUCKETS + 1), lambda i: i / 4)
    answer = read_series(member, [synthetic.id], [KEY])
    assert curve(answer) == {i: i / 4 for i in range(1, NUM_BUCKETS + 1)}
    assert only_run(answer)["series"][KEY]["step"] == [2 * i for i in range(1, NUM_BUCKETS + 1)]


def test_a_long_curve_keeps_the_extremes_of_each_bucket_and_its_end(member, synthetic):
    values = np.random.default_rng(0).normal(size=3000).round(4)
    synthetic.train(range(1, 3001), lambda i: values[i - 1])
    drawn = curve(read_series(member, [synthetic.id], [KEY]))
    expected = {3000}
    for bucket in np.arange(3000).reshape(NUM_BUCKETS, -1):
        expected |= {int(bucket[values[bucket].argmin()]) + 1, int(bucket[values[bucket].argmax()]) + 1}
    assert set(drawn) == expected
    assert all(drawn[i] == values[i - 1] for i in drawn)


def test_a_rolled_back_stretch_is_left_out(member, synthetic):
    synthetic.train(range(1, 48), lambda i: 1)
    synthetic.stop_and_resume(40)
    synthetic.train(range(41, 61), lambda i: 2)
    assert curve(read_series(member, [synthetic.id], [KEY])) == {i: 1 if i <= 40 else 2 for i in range(1, 61)}


def test_the_cursor_brings_what_is_new_and_nothing_twice(member, synthetic):
    whole, cursor = {}, ""
    for start in (1, 6, 11):
        synthetic.train(range(start, start + 5))
        answer = read_series(member, [synthetic.id], [KEY], cursor)
        news = curve(answer)
        assert set(news) == set(range(start, start + 5))
        whole, cursor = whole | news, answer["cursor"]
    assert whole == {i: i for i in range(1, 16)}
    quiet = read_series(member, [synthetic.id], [KEY], cursor)
    assert (only_run(quiet)["series"], only_run(quiet)["reset"], quiet["cursor"]) == ({}, False, cursor)


def test_of_many_new_points_the_cursor_brings_the_extremes_and_the_end(member, synthetic):
    synthetic.train(range(1, 6), lambda i: 0.5)
    cursor = read_series(member, [synthetic.id], [KEY])["cursor"]
    values = np.random.default_rng(0).normal(size=3000).round(4)
    synthetic.train(range(6, 3006), lambda i: values[i - 6])
    news = curve(read_series(member, [synthetic.id], [KEY], cursor))
    assert {values.argmin() + 6, values.argmax() + 6, 3005} <= set(news)
    assert 2 * NUM_BUCKETS <= len(news) <= 2 * NUM_BUCKETS + 1
    assert all(news[i] == values[i - 6] for i in news)


def test_the_end_of_a_long_curve_is_the_last_point_that_stands(member, synthetic):
    synthetic.train(range(1, 2001), lambda i: 1)
    synthetic.stop_and_resume(1000)
    assert max(curve(read_series(member, [synthetic.id], [KEY]))) == 1000


def test_runs_that_a_reader_knows_and_new_ones_come_in_one_answer(member, experiment, synthetic):
    synthetic.train(range(1, 6))
    cursor = read_series(member, [synthetic.id], [KEY])["cursor"]
    synthetic.train(range(6, 8))
    other = SyntheticRun(experiment, "other")
    other.train(range(1, 4))
    known, new = read_series(member, [synthetic.id, other.id], [KEY], cursor)["runs"]
    assert (known["series"][KEY]["iteration"], new["series"][KEY]["iteration"]) == ([6, 7], [1, 2, 3])


def test_the_cursor_brings_new_evaluations_and_sample_iterations(member, synthetic):
    synthetic.evaluate(0)
    synthetic.draw(0, num_samples=2)
    first = read_series(member, [synthetic.id], [KEY])
    synthetic.evaluate(10, mean=0.75)
    synthetic.draw(10, num_samples=2)
    second = read_series(member, [synthetic.id], [KEY], first["cursor"])
    assert [row["iteration"] for row in only_run(first)["evaluations"]] == [0]
    assert only_run(first)["sample_iterations"] == [0]
    (row,) = only_run(second)["evaluations"]
    assert row["scores"]["score"] == [0.75, pytest.approx(0.65), pytest.approx(0.85)]
    assert only_run(second)["sample_iterations"] == [10]


def test_a_rollback_starts_the_reader_over(member, synthetic):
    synthetic.train(range(1, 48), lambda i: 1)
    synthetic.draw(45)
    before = read_series(member, [synthetic.id], [KEY])
    synthetic.stop_and_resume(40)
    after = read_series(member, [synthetic.id], [KEY], before["cursor"])
    assert only_run(after)["reset"]
    assert max(curve(after)) == 40
    assert only_run(after)["sample_iterations"] == []


def test_an_evaluation_carries_the_kl_of_its_time(member, synthetic):
    synthetic.train(range(1, 21), lambda i: i / 10, key="kl/reference_nats")
    for iteration in (0, 10, 20):
        synthetic.evaluate(iteration)
    rows = only_run(read_series(member, [synthetic.id], []))["evaluations"]
    assert [row["kl"] for row in rows] == [0.0, 1.0, 2.0]


def test_the_feed_is_live_until_every_run_has_ended(member, experiment, synthetic):
    other = SyntheticRun(experiment, "other")
    synthetic.finish()
    assert read_series(member, [synthetic.id, other.id], [])["live"]
    other.finish()
    assert not read_series(member, [synthetic.id, other.id], [])["live"]


def test_the_rewards_are_named_with_their_weights(member, synthetic):
    assert only_run(read_series(member, [synthetic.id], []))["rewards"] == {
        "sandbox_soft_tifa": 1.0,
        "sandbox_picture_quality": 0.0,
    }


def test_a_label_is_the_name_of_a_reward(member, experiment):
    run = SyntheticRun(experiment, "labelled")
    judges = [
        {"name": "vlm_judge", "label": label, "weight": weight} for label, weight in (("agrees", 1.0), (None, 0.0))
    ]
    Run.objects.filter(id=run.id).update(config=Run.objects.get(id=run.id).config | {"rewards": judges})
    assert only_run(read_series(member, [run.id], []))["rewards"] == {"agrees": 1.0, "vlm_judge": 0.0}


def test_a_stranger_gets_nothing(stranger, member, synthetic):
    synthetic.train(range(1, 4))
    synthetic.evaluate(0)
    cursor = read_series(member, [synthetic.id], [KEY])["cursor"]
    synthetic.train(range(4, 6))
    assert read_series(stranger, [synthetic.id], [KEY])["runs"] == []
    assert read_series(stranger, [synthetic.id], [KEY], cursor) == {"cursor": "", "live": False, "runs": []}
    assert list_metric_keys(stranger, [synthetic.id]) == []
    assert list_metric_keys(member, [synthetic.id]) == [KEY]


def test_the_metrics_of_several_runs_are_listed_once_each(member, experiment, synthetic, django_assert_num_queries):
    other = SyntheticRun(experiment, "other")
    for run, key in ((synthetic, "kl"), (synthetic, KEY), (other, KEY), (other, "a")):
        run.train(range(1, 30), key=key)
    with django_assert_num_queries(2):
        assert list_metric_keys(member, [synthetic.id, other.id]) == ["a", "kl", KEY]
    assert list_metric_keys(member, []) == []


def test_a_person_sees_their_own_runs_among_those_asked_for(stranger, experiment, synthetic):
    theirs = Experiment.objects.create(team=stranger.teams.get(), name="Theirs")
    own = SyntheticRun(theirs, "own")
    answer = read_series(stranger, [synthetic.id, own.id], [KEY])
    assert [run["name"] for run in answer["runs"]] == ["own"]


def test_runs_come_in_the_order_asked_for(member, experiment):
    first, second = SyntheticRun(experiment, "first"), SyntheticRun(experiment, "second")
    answer = read_series(member, [second.id, first.id, second.id], [])
    assert [run["name"] for run in answer["runs"]] == ["second", "first"]


def test_the_number_of_queries_does_not_grow(member, experiment, django_assert_num_queries):
    few = [SyntheticRun(experiment, "small")]
    many = [SyntheticRun(experiment, f"run {number}") for number in range(4)]
    for synthetic, num_points in [(few[0], 1), *((run, 50) for run in many)]:
        synthetic.train(range(1, num_points + 1))
        for iteration in range(0, num_points, 10):
            synthetic.evaluate(iteration)
            synthetic.draw(iteration, num_samples=2)
    for runs in (few, many):
        with django_assert_num_queries(5):
            read_series(member, [run.id for run in runs], [KEY])


def test_the_address_answers_with_json(client, member, synthetic):
    synthetic.train(range(1, 4))
    client.force_login(member, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = client.get(reverse("run_series"), {"runs": str(synthetic.id), "keys": KEY})
    assert response.headers["Cache-Control"] == "private, no-store"
    assert curve(json.loads(response.content)) == {1: 1, 2: 2, 3: 3}
    titles = client.get(reverse("run_metric_keys"), {"runs": str(synthetic.id)}).json()
    assert titles[KEY] == "Reward"


def test_who_is_not_signed_in_gets_401(client, synthetic):
    for name in ("run_series", "run_metric_keys", "run_samples"):
        assert client.get(reverse(name), {"runs": str(synthetic.id)}).status_code == 401


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"runs": "no-uuid"}, "runs = no-uuid"),
        ({"runs": ",".join(["0" * 32] * 51)}, "at most 50"),
        ({"cursor": "nonsense"}, "cursor = nonsense"),
    ],
)
def test_a_malformed_question_is_answered_with_what_is_wrong(client, member, query, word):
    client.force_login(member, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = client.get(reverse("run_series"), query)
    assert response.status_code == 400
    assert word in response.json()["error"]


def test_nothing_but_reading_is_allowed(client, member):
    client.force_login(member, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.post(reverse("run_series")).status_code == 405
