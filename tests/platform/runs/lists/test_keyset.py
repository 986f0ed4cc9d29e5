"""Pages of a sorted list: every row once and in order, whatever the column holds, also while rows come and change."""

import random

import pytest

from runs import summaries
from runs.lists.columns import column_of
from runs.lists.keyset import read_page
from runs.models import Run
from tests.platform.lab import CONFIG, add_point, add_run

COLUMNS = ["created", "name", "state", "iteration", "person", "reward/mean", "seed", "trust_region.threshold.value"]


@pytest.fixture
def runs(lab) -> list[Run]:
    """Some alike, some without a reward, a person or a threshold."""
    made = []
    for number in range(11):
        trust_region = CONFIG["trust_region"] if number % 4 else {"name": "none"}
        config = CONFIG | {"seed": number // 3, "trust_region": trust_region}
        person = lab.member if number % 2 else None
        run = add_run(
            lab.experiment, f"run {number % 5}", config=config, created_by=person, iteration=10 * (number % 3)
        )
        if number % 3:
            add_point(run, "reward/mean", 1, 0.1 + 0.3 * (number % 4))
        made.append(run)
    return made


def walk(key: str, is_descending: bool, size: int) -> list:
    ids, after = [], ""
    while True:
        page = read_page(Run.objects.filter(experiment__name="Thresholds"), column_of(key), is_descending, after, size)
        ids += page.ids
        after = page.after
        if not after:
            return ids


@pytest.mark.parametrize("is_descending", [True, False], ids=["down", "up"])
@pytest.mark.parametrize("key", COLUMNS)
def test_pages_hold_every_row_once_in_the_order_of_the_whole(key, is_descending, runs):
    whole = walk(key, is_descending, size=100)
    assert set(whole) == {run.id for run in runs} and len(whole) == len(runs)
    assert walk(key, is_descending, size=3) == whole
    assert walk(key, is_descending, size=1) == whole


@pytest.mark.parametrize("is_descending", [True, False], ids=["down", "up"])
def test_rows_are_in_order_and_those_without_a_value_last(is_descending, runs):
    summary = {run.id: Run.objects.get(id=run.id).summary.get("reward/mean") for run in runs}
    values = [summary[run_id] for run_id in walk("reward/mean", is_descending, size=4)]
    held = [value for value in values if value is not None]
    assert held == sorted(held, reverse=is_descending)
    assert values[len(held) :] == [None] * 4


def test_what_is_new_or_moved_meanwhile_shifts_nothing(runs, lab):
    rows, column = Run.objects.filter(experiment=lab.experiment), column_of("created")
    first = read_page(rows, column, True, size=4)
    add_run(lab.experiment, "newer")
    Run.objects.filter(id=first.ids[-1]).delete()
    second = read_page(rows, column, True, first.after, size=4)
    expected = sorted(runs, key=lambda run: run.created_at, reverse=True)[4:8]
    assert second.ids == [run.id for run in expected]


def test_the_first_page_says_how_many_there_are(runs, lab):
    rows, column = Run.objects.filter(experiment=lab.experiment), column_of("name")
    first = read_page(rows, column, True, size=4)
    assert first.total == 11
    assert read_page(rows, column, True, first.after, size=4).total is None
    assert read_page(rows.none(), column, True, size=4).total == 0


@pytest.mark.parametrize(
    "cursor", ["x", "%", "é", "W10", "WzFd", "bnVsbA", "W1tdLCAieCJd", "WyIyMDI2IiwgIngiXQ", "WzEsIDJd"]
)
@pytest.mark.parametrize("key", ["created", "name", "seed", "iteration"])
def test_a_cursor_that_is_none_of_ours_begins_anew(cursor, key, runs, lab):
    page = read_page(Run.objects.filter(experiment=lab.experiment), column_of(key), True, cursor, size=4)
    assert len(page.ids) == 4 and page.total == 11


def test_a_cursor_of_another_order_is_no_error(runs, lab):
    rows = Run.objects.filter(experiment=lab.experiment)
    cursors = [read_page(rows, column_of(key), True, size=2).after for key in COLUMNS]
    pages = [read_page(rows, column_of(key), False, cursor, 2) for key in COLUMNS for cursor in cursors]
    assert len(pages) == len(COLUMNS) ** 2


def test_floats_come_back_as_they_were(lab):
    generator = random.Random(7)
    for _ in range(40):
        run = add_run(lab.experiment)
        Run.objects.filter(id=run.id).update(
            summary={"reward/mean": generator.random() * 10.0 ** generator.randint(-9, 9)}
        )
    ids = walk("reward/mean", True, size=1)
    assert len(set(ids)) == len(ids) == 40
    assert summaries.SCORE not in Run.objects.first().summary
