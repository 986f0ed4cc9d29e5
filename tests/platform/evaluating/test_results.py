"""Tables, picture and CSV of what an evaluation told."""

import csv
import io

import pytest

from evaluating.picture import picture_of
from evaluating.results import lines_of, result_of
from tests.platform.evaluating.laboratory import REWARD, SETS, finish, make_run, queue, store, verdict


@pytest.fixture
def job(lab):
    run, checkpoints = make_run(lab, 20, 40)
    return finish(queue(lab, run, *checkpoints))


def test_a_table_for_each_prompt_set_with_a_row_for_each_policy(job):
    result = result_of(job)
    assert [table.prompt_set for table in result.tables] == list(SETS)
    table = result.tables[0]
    assert (table.num_prompts, table.has_spread, table.is_training) == (3, True, False)
    assert (table.scores, table.more) == ([REWARD], [f"{REWARD}_strict"])
    assert [row.iteration for row in table.rows] == [0, 20, 40]
    base, _, last = table.rows
    assert base.is_base and base.cells[0].difference is None and base.kl.mean == 0
    assert (last.cells[0].value.mean, last.cells[0].difference.mean) == pytest.approx((0.9, 0.4))
    assert last.kl.mean == 4.0 and last.spread.value.mean == 0.3
    assert result.refs == ",".join(f"{job.run_id}@{iteration}" for iteration in (0, 20, 40))


def test_the_picture_has_the_sets_as_lines_over_the_kl(job):
    picture = picture_of(result_of(job))
    assert picture.score == REWARD and picture.against == "KL to the base model over the path, nats"
    assert [series.prompt_set for series in picture.series] == list(SETS)
    for series in picture.series:
        assert [dot.x for dot in series.dots] == [picture.x.place(kl) for kl in (0.0, 2.0, 4.0)]
        # Up is better, and an interval's upper end is above its lower one.
        assert all(dot.high < dot.y < dot.low for dot in series.dots)
    assert series.line.count(",") == 3 and picture_of(result_of(job), "no such score").score == REWARD


def test_there_is_no_picture_before_a_checkpoint_was_scored(lab):
    run, checkpoints = make_run(lab, 20)
    job = queue(lab, run, *checkpoints)
    assert result_of(job).tables == [] and picture_of(result_of(job)) is None
    store(job, verdict(0))
    assert len(result_of(job).tables) == 1 and picture_of(result_of(job)) is None


def test_where_no_kl_was_measured_iterations_go_across(lab):
    run, checkpoints = make_run(lab, 20)
    told = [verdict(0), verdict(20)]
    told = [one.model_copy(update={"scores": {REWARD: one.scores[REWARD]}}) for one in told]
    picture = picture_of(result_of(finish(queue(lab, run, *checkpoints), *told)))
    assert picture.against == "Iteration" and [dot.row.iteration for dot in picture.series[0].dots] == [0, 20]


def test_the_file_has_a_line_for_each_policy_set_and_score(job):
    text = io.StringIO()
    csv.writer(text).writerows(lines_of(result_of(job)))
    lines = list(csv.DictReader(io.StringIO(text.getvalue())))
    assert len(lines) == 3 * 2 * 4
    assert {line["score"] for line in lines} == {REWARD, f"{REWARD}_strict", "drift/kl_nats", "diversity/pixel_rms"}
    last = next(line for line in lines if line["iteration"] == "40" and line["score"] == REWARD)
    assert float(last["mean"]) == pytest.approx(0.9) and float(last["difference_low"]) == pytest.approx(0.3)
    assert last["prompt_set"] == SETS[0] and last["run"] == str(job.run_id)
    base = next(line for line in lines if line["iteration"] == "0")
    assert base["difference"] == ""
