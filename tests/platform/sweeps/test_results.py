"""A row for each point, compared honestly."""

from runs.models import Run
from sweeps.pictures import picture_of
from sweeps.results import MEASURES, Measure, measures_of, point_rows
from sweeps.selectors import members_of, sweeps_before, sweeps_overview
from tests.platform.lab import add_run
from tests.platform.sweeps.conftest import RANKS, RATES

SCORE, REWARD, KL = MEASURES


def rows(lab, sweep, measure=SCORE):
    return point_rows(sweep.knobs, members_of(lab.member, sweep), measure)


def finish(sweep, scored, scores: dict[tuple[int, int], float]) -> None:
    for member in sweep.members.select_related("run"):
        if (member.place, member.seed) in scores:
            scored(member.run, scores[member.place, member.seed])


def test_a_point_has_mean_and_interval_over_its_seeds(lab, sweep, scored):
    finish(sweep, scored, {(0, 0): 0.4, (0, 1): 0.6, (1, 0): 0.5})
    first, second = rows(lab, sweep)
    assert (first.texts, first.score.mean, first.score.num, first.num_finished) == (("1e-5",), 0.5, 2, 2)
    assert (first.reward.mean, first.kl) == (1.0, None)
    assert (second.score.num, second.score.half_width, second.num_live) == (1, None, 1)


def test_the_best_stands_alone_only_where_no_interval_meets_its_own(lab, sweep, scored):
    finish(sweep, scored, {(0, 0): 0.40, (0, 1): 0.41, (1, 0): 0.80, (1, 1): 0.81})
    assert [row.verdict for row in rows(lab, sweep)] == ["", "best"]
    assert [row.verdict for row in rows(lab, sweep, KL)] == ["", ""]


def test_what_overlaps_or_has_one_seed_is_not_told_apart(lab, sweep, scored):
    finish(sweep, scored, {(0, 0): 0.40, (1, 0): 0.80, (1, 1): 0.81})
    assert [row.verdict for row in rows(lab, sweep)] == ["not told apart", "not told apart"]


def test_a_point_without_a_score_is_not_judged(lab, sweep, scored):
    finish(sweep, scored, {(1, 0): 0.80, (1, 1): 0.81})
    assert [row.verdict for row in rows(lab, sweep)] == ["", ""]


def test_points_can_be_compared_by_every_score(lab, sweep, scored):
    finish(sweep, scored, {(0, 0): 0.4})
    runs = [member.run for member in members_of(lab.member, sweep)]
    measures = measures_of(runs)
    assert measures[:3] == list(MEASURES)
    assert measures[3] == Measure("score/sandbox:in_domain/sandbox_soft_tifa", "sandbox soft tifa on in domain")
    assert [measure.has_best for measure in measures[:4]] == [True, True, False, True]
    assert not Measure("score/sandbox:in_domain/drift/kl_nats", "").has_best


def test_the_table_takes_one_query_whatever_its_rows(lab, sweep, make, django_assert_num_queries):
    large = make([RATES, RANKS], [0, 1, 2])
    for one in (sweep, large):
        with django_assert_num_queries(1):
            rows(lab, one)


def test_only_the_team_sees_it(lab, sweep):
    assert list(sweeps_overview(lab.stranger, lab.experiment)) == []
    assert rows(lab, sweep) and not list(members_of(lab.stranger, sweep))
    (seen,) = sweeps_overview(lab.viewer, lab.experiment)
    assert (seen.num_runs, seen.num_finished) == (4, 0)


def test_sweeps_come_in_pages_that_stay(lab, make):
    made = [make([RATES], [seed]) for seed in range(3)]
    newest = list(sweeps_before(lab.member, lab.experiment))
    assert newest == made[::-1]
    make([RATES], [9])
    assert list(sweeps_before(lab.member, lab.experiment, newest[0].id)) == newest[1:]


def test_the_picture_has_what_the_table_has(lab, sweep, scored):
    labels = {"optimizer.lr": "Learning rate"}
    assert picture_of(sweep.axes, rows(lab, sweep), SCORE, labels) is None
    finish(sweep, scored, {(0, 0): 0.4, (0, 1): 0.4})
    picture = picture_of(sweep.axes, rows(lab, sweep), SCORE, labels)
    (axis,) = picture["axes"]
    assert (axis["label"], axis["values"], axis["texts"], axis["is_number"]) == (
        "Learning rate",
        [1e-5, 1e-4],
        ["1e-5", "0.0001"],
        True,
    )
    assert picture["points"] == [
        {"texts": ["1e-5"], "mean": 0.4, "half_width": 0.0, "num": 2},
        {"texts": ["0.0001"], "mean": None, "half_width": None, "num": 0},
    ]
    assert picture_of([], rows(lab, sweep), SCORE, labels) is None


def test_runs_that_ended_before_are_counted(lab, sweep):
    add_run(lab.experiment)
    Run.objects.filter(sweep_run__sweep=sweep, sweep_run__place=0).update(state="failed")
    assert [(row.num_failed, row.num_live) for row in rows(lab, sweep)] == [(2, 0), (0, 2)]
