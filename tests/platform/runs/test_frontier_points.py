"""Checkpoints on two axes: the right pairs of numbers, one point each, and only to the team."""

import pytest
from django.urls import reverse

from runs import frontier_points
from runs.frontier_points import Source, read_frontier_points
from runs.models import Run
from runs.quantities import Quantity
from tests.platform.lab import CONFIG, add_checkpoint, add_evaluation, add_point, add_run, resume

KL, REWARD = "kl/reference_nats", "reward/mean"
IN, OUT = "sandbox_soft_tifa@sandbox:in_domain", "sandbox_soft_tifa@sandbox:out_of_domain"


@pytest.fixture
def run(lab):
    """Scored at 0, 10 and 20 in domain, and at 0 and 20 out of it; a KL was measured at 5, 10 and 19."""
    run = add_run(lab.experiment, "first")
    for iteration, mean in ((0, 0.4), (10, 0.5), (20, 0.6)):
        add_evaluation(run, iteration, mean)
    for iteration, mean in ((0, 0.3), (20, 0.35)):
        add_evaluation(run, iteration, mean, "sandbox:out_of_domain")
    for iteration, kl in ((5, 0.25), (10, 1.0), (19, 2.0)):
        add_point(run, KL, iteration, kl)
    return run


def points(lab, run, across: str, up: str, user=None) -> list[tuple]:
    answer = read_frontier_points(user or lab.viewer, [run.id], across, up)
    return [(point["iteration"], point["x"], point["y"]) for one in answer["runs"] for point in one["points"]]


def test_a_score_against_the_kl_of_its_time(lab, run):
    assert points(lab, run, KL, IN) == [
        (0, [0.0], [0.4, 0.38, 0.42]),
        (10, [1.0], [0.5, 0.48, 0.52]),
        (20, [2.0], [0.6, 0.58, 0.62]),
    ]


def test_out_of_domain_against_in_domain_where_both_were_scored(lab, run):
    assert [(at, x[0], y[0]) for at, x, y in points(lab, run, IN, OUT)] == [(0, 0.4, 0.3), (20, 0.6, 0.35)]


def test_two_metrics_have_a_point_for_each_checkpoint(lab, run):
    add_point(run, REWARD, 12, 0.7)
    add_checkpoint(run, 15)
    # At 0 and 10 there was no such reward yet.
    assert points(lab, run, KL, REWARD) == [(15, [1.0], [0.7]), (20, [2.0], [0.7])]


def test_what_was_rolled_back_is_left_out(lab, run):
    resume(run, 12)
    assert [at for at, *_ in points(lab, run, KL, IN)] == [0, 10]


def test_before_anyone_has_chosen_it_is_the_first_score_against_kl(lab, run):
    answer = read_frontier_points(lab.viewer, [run.id], "", "")
    assert (answer["across"]["key"], answer["up"]["key"]) == (KL, IN)
    assert (answer["across"]["better"], answer["up"]["better"]) == (-1, 1)
    assert answer["pairs"] == [
        {"title": "Score against KL", "across": KL, "up": IN},
        {"title": "Out of domain against in domain", "across": IN, "up": OUT},
    ]
    assert {one["key"] for one in answer["quantities"]} == {KL, IN, OUT}
    assert answer["up"]["title"] == "sandbox soft tifa on in domain"


def test_a_run_that_is_scored_on_one_set_alone_offers_no_such_pair(lab, run):
    config = CONFIG | {"evaluation": CONFIG["evaluation"] | {"prompt_sets": ["sandbox:in_domain"]}}
    Run.objects.filter(id=run.id).update(config=config)
    pairs = read_frontier_points(lab.viewer, [run.id], "", "")["pairs"]
    assert [pair["title"] for pair in pairs] == ["Score against KL"]


def test_without_scores_it_is_the_reward_of_training_against_kl(lab):
    fresh = add_run(lab.experiment, "fresh")
    assert points(lab, fresh, "", "") == []
    add_point(fresh, REWARD, 1, 0.5)
    add_point(fresh, KL, 1, 0.1)
    answer = read_frontier_points(lab.viewer, [fresh.id], "", "")
    assert (answer["up"]["key"], answer["runs"][0]["points"]) == (REWARD, [])
    add_checkpoint(fresh, 1)
    assert points(lab, fresh, "", "") == [(1, [0.1], [0.5])]


def test_others_who_score_policies_add_their_points(lab, run, monkeypatch):
    theirs = {(run.id, 15): (0.9, 0.8, 1.0), (run.id, 10): (0.1, 0.0, 0.2)}
    source = Source(lambda user, runs: [Quantity("new@set")], lambda user, runs, score: theirs)
    monkeypatch.setattr(frontier_points, "SOURCES", [*frontier_points.SOURCES, source])
    found = {at: y[0] for at, _, y in points(lab, run, KL, IN)}
    # What the run says of itself counts before what others say of it.
    assert found == {0: 0.4, 10: 0.5, 15: 0.9, 20: 0.6}
    keys = {one["key"] for one in read_frontier_points(lab.viewer, [run.id], "", "")["quantities"]}
    assert "new@set" in keys


def test_a_stranger_gets_no_point(lab, run):
    assert points(lab, run, KL, IN, lab.stranger) == []
    assert read_frontier_points(lab.stranger, [run.id], "", "")["quantities"] == [
        Quantity(KL).described(),
        Quantity(REWARD).described(),
    ]


def test_more_runs_and_checkpoints_take_no_more_queries(lab, run, django_assert_num_queries):
    others = [add_run(lab.experiment, f"run {number}") for number in range(3)]
    for other in others:
        for iteration in range(0, 50, 10):
            add_evaluation(other, iteration, 0.5)
            add_point(other, KL, iteration, 1.0)
    for runs in ([run], [run, *others]):
        with django_assert_num_queries(5):
            read_frontier_points(lab.viewer, [one.id for one in runs], KL, IN)


@pytest.mark.parametrize(
    ("key", "better"),
    [
        ("reward/mean", 1), ("reward/quality", 1), ("reward/quality_std", 0), ("reward/std", 0), ("kl/old_mean", -1),
        ("time/images_per_second", 1), ("time/update_seconds", -1), ("ratio/mean", 0), ("clip@set", 1),
        ("drift/kl_nats@set", -1),
    ],
)  # fmt: skip
def test_which_way_is_better(key, better):
    assert Quantity(key).better == better


def test_titles_are_in_words():
    assert Quantity(KL).title == "KL to the base model, nats"
    assert Quantity("drift/kl_nats@prompts/cats-v2.0123456789abcdef.jsonl").title == (
        "Drift from the base model, nats on cats-v2"
    )


def test_what_is_no_key_is_refused(client, lab, run):
    client.force_login(lab.viewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = client.get(reverse("run_frontier"), {"runs": str(run.id), "across": "x" * 401})
    assert response.status_code == 400 and "across is no metric or score" in response.json()["error"]
    assert client.get(reverse("run_frontier"), {"runs": str(run.id), "up": "\n"}).status_code == 400
