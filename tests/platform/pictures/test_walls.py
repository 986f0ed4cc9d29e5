"""Which pictures stand on the wall, in which order, and that its pages neither lose nor repeat one."""

import random

import pytest
from django.utils import timezone

from pictures.refs import ref_of
from pictures.wall_questions import parse_question
from pictures.walls import PAGE, Wall
from tests.platform.lab import add_group, add_run, add_sample, resume
from tests.platform.pictures.easel import add_drawing


@pytest.fixture
def run(lab):
    return add_run(lab.experiment, "one")


@pytest.fixture
def ask(lab):
    def ask(**query) -> Wall:
        return Wall(lab.member, parse_question({name.replace("__", "."): str(value) for name, value in query.items()}))

    return ask


def page(wall: Wall) -> list[str]:
    return [str(ref_of(row)) for row in wall.read_page()[0]]


def refs(*rows) -> list[str]:
    return [str(ref_of(row)) for row in rows]


def test_the_newest_runs_latest_pictures_where_nothing_is_asked_for(ask, lab, run):
    add_run(lab.experiment, "without pictures")
    other = add_run(lab.experiment, "other")
    add_sample(run, 0)
    last, others, drawn = add_sample(run, 10), add_sample(other, 4), add_drawing(other, 4)
    wall = ask()
    assert [one.name for one in wall.runs] == ["other", "one"]
    assert (wall.steps, wall.step) == ([0, 4, 10], 10)
    # Of the run that is not so far, its own last ones.
    assert page(wall) == refs(last, others, drawn)
    assert wall.count() == 3


def test_a_step_shows_what_each_run_had_by_then(ask, lab, run):
    other = add_run(lab.experiment, "other")
    first, second, third = (add_sample(run, step) for step in (0, 10, 20))
    late = add_sample(other, 15)
    runs = f"{run.id},{other.id}"
    assert page(ask(runs=runs, step=10)) == refs(second)
    assert page(ask(runs=runs, step=19)) == refs(late, second)
    assert page(ask(runs=runs, step="all")) == refs(third, late, second, first)
    assert (ask(runs=runs, step=19).step, ask(runs=runs, step="all").step) == (15, None)


def test_policies_show_samples_and_drawings_of_exactly_them(ask, lab, run):
    base, at_ten, _ = (add_sample(run, step) for step in (0, 10, 20))
    drawn, drawn_by_base = add_drawing(run, 10), add_drawing(run, 0)
    add_drawing(add_run(lab.experiment, "other"), 10)
    wall = ask(policies=f"{run.id}@10,{run.id}@0")
    assert page(wall) == refs(at_ten, drawn, base, drawn_by_base)
    assert ([one.id for one in wall.runs], wall.steps, wall.step) == ([run.id], [], None)


def test_only_of_the_kinds_that_are_asked_for(ask, run):
    fixed, drawn = add_sample(run, 5), add_drawing(run, 5)
    group = add_group(run, 5, [1.0, -1.0])
    found = {kind: set(page(ask(runs=run.id, kind=kind))) for kind in ("fixed", "rollout", "drawn")}
    assert found == {"fixed": {*refs(fixed)}, "rollout": {*refs(*group)}, "drawn": {*refs(drawn)}}
    assert len(page(ask(runs=run.id))) == 4


def test_what_may_expire_does_not_stand_on_the_wall(ask, run):
    kept = add_drawing(run, 5, seed=1)
    add_drawing(run, 5, seed=2, expires_at=timezone.now())
    assert page(ask(runs=run.id)) == refs(kept)


def test_filters(ask, run):
    red = add_sample(run, 5, prompt="A Red cube", index=0, seed=3, rewards={"pick": 0.2, "other": 1.0}, kl=0.5)
    blue = add_sample(run, 5, prompt="a blue cube", index=1, seed=4, rewards={"pick": 0.8})
    drawn = add_drawing(run, 5, prompt="a red ball", seed=4, rewards={"pick": 0.9}, kl=1.5)
    group = add_group(run, 5, [1.5, -0.5], group=2, rewards={"pick": None})

    def found(**query):
        return set(page(ask(runs=run.id, **query)))

    assert found(q="red") == {*refs(red, drawn)}
    assert found(q="100%") == set()
    assert found(seed=4) == {*refs(blue, drawn)}
    assert found(**{"min.reward/pick": 0.8}) == {*refs(blue, drawn)}
    assert found(**{"min.reward/pick": 0.1, "max.reward/pick": 0.8}) == {*refs(red, blue)}
    assert found(**{"max.kl": 1.0}) == {*refs(red)}
    assert found(**{"max.kl": 2.0, "min.reward/pick": 0.5}) == {*refs(drawn)}
    assert found(**{"min.advantage": 0}) == {*refs(group[0])}
    assert found(group=2) == {*refs(*group)}
    assert found(**{"min.reward/unheard of": 0}) == set()
    assert ask(runs=run.id, q="red").count() == 2


def test_rewards_are_told_with_their_lowest_and_highest(ask, run):
    add_sample(run, 5, index=0, rewards={"pick": 0.2, "other": None})
    add_sample(run, 5, index=1, rewards={"pick": -1, "third": 4.0})
    add_drawing(run, 5, rewards={"pick": 0.9})
    assert ask(runs=run.id, q="nothing is like this").extremes() == {"pick": (-1.0, 0.9), "third": (4.0, 4.0)}
    assert ask(runs=add_run(run.experiment, "empty").id).extremes() == {}


def test_sorted_by_anything_with_what_has_none_of_it_at_the_end(ask, run):
    low = add_sample(run, 5, index=0, prompt="b", seed=9, rewards={"pick": 0.125})
    high = add_drawing(run, 5, prompt="c", seed=1, rewards={"pick": 0.5}, kl=0.25)
    none = add_sample(run, 5, index=1, prompt="a", seed=5, rewards={"pick": None})

    def found(sort):
        return page(ask(runs=run.id, sort=sort))

    assert found("-reward/pick") == refs(high, low, none)
    assert found("reward/pick") == refs(low, high, none)
    assert found("prompt") == refs(none, low, high)
    assert found("-seed") == refs(low, none, high)
    assert found("kl") == refs(high, low, none)
    assert found("-advantage") == refs(low, none, high)


def test_groups_come_whole_and_best_first(ask, lab, run):
    add_sample(run, 5)
    add_drawing(run, 5)
    old = add_group(run, 4, [0.0])
    one = add_group(run, 5, [-1.0, 1.0, 0.5], group=0, rewards={"pick": 1.0})
    other = add_group(run, 5, [2.0, 3.0, -4.0], group=1, prompt="a square", rewards={"pick": 2.0})
    best_first = refs(one[1], one[2], one[0], other[1], other[0], other[2])
    assert page(ask(runs=run.id, view="groups")) == best_first
    assert page(ask(runs=run.id, view="groups", step="all")) == best_first + refs(*old)
    assert page(ask(runs=run.id, view="groups", sort="advantage"))[:3] == refs(one[0], one[2], one[1])
    assert page(ask(runs=run.id, view="groups", group=1)) == refs(other[1], other[0], other[2])


def test_pages_join_whatever_the_order(ask, run):
    random.seed(0)
    for number in range(PAGE + 30):
        rewards = {"pick": random.choice([None, 0.1, 0.1, 1 / 3])}
        add_sample(run, 5, index=number, prompt=random.choice("ab"), rewards=rewards, path=f"{number}.png")
    drawn = [add_drawing(run, 5, seed=number, path="a.png", rewards={"pick": 0.1}) for number in range(20)]
    for group in range(3):
        add_group(run, 5, [random.choice([0.5, -0.5]) for _ in range(50)], group=group)
    for query in ({}, {"sort": "-reward/pick"}, {"sort": "reward/pick"}, {"sort": "prompt"}, {"view": "groups"}):
        wall, place, found = ask(runs=run.id, **query), "", []
        while place or not found:
            rows, place = wall.read_page(place)
            found += refs(*rows)
        assert len(found) == len(set(found)) == wall.count()
        assert "view" in query or {*refs(*drawn)} <= set(found)


@pytest.mark.parametrize("place", ["x", "W10=", "WzEsMl0=", "ü", "e30="])
def test_a_place_that_is_none_is_refused(ask, run, place):
    add_sample(run, 5)
    with pytest.raises(ValueError, match="is none of ours"):
        ask(runs=run.id).read_page(place)


def test_what_was_rolled_back_is_gone(ask, run):
    kept = add_sample(run, 5)
    add_sample(run, 10)
    resume(run, 5)
    wall = ask(runs=run.id)
    assert (page(wall), wall.steps) == (refs(kept), [5])


def test_another_teams_pictures_stay_theirs(lab, run):
    sample, drawn = add_sample(run, 5), add_drawing(run, 5)
    assert sample.id and drawn.id
    for query in ({"runs": str(run.id)}, {"policies": f"{run.id}@5"}, {"runs": str(run.id), "step": "all"}, {}):
        wall = Wall(lab.stranger, parse_question(query))
        assert (wall.runs, wall.steps, wall.extremes(), wall.count(), wall.read_page()) == ([], [], {}, 0, ([], ""))
