"""Which picture stands in which cell, and how far it is from the base model."""

import pytest

from comparing.columns import columns_of
from comparing.contents import read_content, shown_policies, shown_refs
from comparing.grids import Cell, read_grid
from comparing.items import Addresses
from comparing.looking import Looking, mark_of
from comparing.prompts import PAGE_SIZE
from comparing.rows import Rows
from pictures.policies import PolicyRef
from pictures.refs import Ref, ref_of
from runs.models import Experiment, Run
from tests.platform.lab import Lab, add_group, add_run, add_sample, resume
from tests.platform.pictures.easel import add_drawing

pytestmark = pytest.mark.django_db


def add_samples(run: Run, iteration: int, scores: dict[tuple[str, int], float]) -> None:
    """Fixed samples, by prompt and seed."""
    for index, ((prompt, seed), score) in enumerate(scores.items()):
        add_sample(run, iteration, index=index, prompt=prompt, seed=seed, rewards={"soft": score, "hard": -score})


def looking_at(*policies: tuple[Run, int], **values) -> Looking:
    return Looking(policies=tuple(PolicyRef(run.id, iteration) for run, iteration in policies), **values)


def values_of(grid) -> list[list[tuple[float, float | None] | None]]:
    rows = (row for group in grid.groups for row in group.rows)
    return [[cell and (cell.value, cell.difference) for cell in row.cells] for row in rows]


@pytest.fixture
def run(lab: Lab) -> Run:
    """Two prompts with two seeds, at 0 and at 40."""
    run = add_run(lab.experiment, "first")
    add_samples(run, 0, {("b", 0): 0.25, ("b", 1): 0.5, ("a", 0): 0.5, ("a", 1): 0.5})
    add_samples(run, 40, {("b", 0): 0.75, ("b", 1): 0.5, ("a", 0): 0.375, ("a", 1): 0.5})
    return run


def test_rows_are_prompts_and_seeds_in_the_order_in_which_they_were_drawn(lab, run):
    grid = read_grid(Rows.seen_by(lab.viewer), looking_at((run, 0), (run, 40)))
    assert [(group.prompt, [row.seed for row in group.rows]) for group in grid.groups] == [
        ("b", [0, 1]),
        ("a", [0, 1]),
    ]
    assert values_of(grid) == [
        [(-0.25, None), (-0.75, -0.5)],
        [(-0.5, None), (-0.5, 0.0)],
        [(-0.5, None), (-0.375, 0.125)],
        [(-0.5, None), (-0.5, 0.0)],
    ]
    assert (grid.score, grid.scores) == ("hard", ["hard", "soft"])


def test_another_score_can_be_chosen(lab, run):
    grid = read_grid(Rows.seen_by(lab.viewer), looking_at((run, 40), score="soft"))
    assert values_of(grid)[0] == [(0.75, 0.5)]
    assert (grid.heads[0].value, grid.heads[0].difference) == (pytest.approx(2.125 / 4), pytest.approx(0.375 / 4))


def test_the_first_score_is_the_one_that_the_run_is_trained_on(lab, run):
    run.config = {**run.config, "rewards": [{"name": "soft", "label": None}]}
    run.save()
    assert read_grid(Rows.seen_by(lab.viewer), looking_at((run, 40))).score == "soft"


def test_colour_follows_sign_and_size(lab, run):
    grid = read_grid(Rows.seen_by(lab.viewer), looking_at((run, 0), (run, 40), score="soft"))
    tints = [[cell.tint for cell in row.cells] for group in grid.groups for row in group.rows]
    assert tints == [["", "above-4"], ["", ""], ["", "below-1"], ["", ""]]


def test_without_samples_of_that_iteration_the_last_ones_before_stand_in_and_are_named(lab, run):
    grid = read_grid(Rows.seen_by(lab.viewer), looking_at((run, 55), (run, 39), score="soft"))
    assert [(head.column.samples_at, head.column.is_exact) for head in grid.heads] == [(40, False), (0, False)]
    assert [cell.earlier for cell in grid.groups[0].rows[0].cells] == [40, 0]
    assert values_of(grid)[0] == [(0.75, 0.5), (0.25, None)]


def test_a_drawing_of_just_that_policy_goes_before_earlier_samples_but_not_before_its_own(lab, run):
    exact = add_drawing(run, 40, prompt="b", seed=0, rewards={"soft": 9.0})
    later = [add_drawing(run, 44, prompt="b", seed=0, rewards={"soft": 1.0 + n}) for n in range(2)]
    grid = read_grid(Rows.seen_by(lab.viewer), looking_at((run, 40), (run, 44), score="soft"))
    first, second = grid.groups[0].rows[0].cells
    assert first.item.shown.ref.kind == "s" and first.item.shown.ref != ref_of(exact)
    assert (second.item.shown.ref, second.earlier, second.difference) == (ref_of(later[1]), None, None)


def test_a_drawing_is_compared_with_the_base_model_drawn_with_the_same_settings(lab, run):
    add_drawing(run, 44, prompt="new", rewards={"soft": 3.0}, kl=0.5)
    add_drawing(run, 0, prompt="new", rewards={"soft": 1.0}, kl=0.0)
    add_drawing(run, 0, prompt="new", rewards={"soft": 9.0}, num_steps=50, path="drawings/50.png")
    grid = read_grid(Rows.seen_by(lab.viewer), looking_at((run, 44), score="soft", prompts=(mark_of("new"),)))
    assert values_of(grid) == [[(3.0, 2.0)]] and grid.scores == ["soft", "kl"]


def test_differences_can_be_to_any_column(lab, run):
    other = add_run(lab.experiment, "second")
    add_samples(other, 8, {("b", 0): 1.0, ("b", 1): 0.25})
    rows, columns = Rows.seen_by(lab.viewer), ((run, 40), (other, 8), (run, 0))
    to_first = read_grid(rows, looking_at(*columns, score="soft", against=PolicyRef(run.id, 40)))
    assert values_of(to_first)[:2] == [
        [(0.75, None), (1.0, 0.25), (0.25, -0.5)],
        [(0.5, None), (0.25, -0.25), (0.5, 0.0)],
    ]
    assert [head.difference for head in to_first.heads] == [None, 0.0, pytest.approx((-0.5 + 0.125) / 4)]
    assert (to_first.against.ref, [cell.tint for cell in to_first.groups[0].rows[0].cells]) == (
        PolicyRef(run.id, 40), ["", "above-2", "below-4"]
    )  # fmt: skip
    assert "against" not in to_first.heads[0].without and "against" in to_first.heads[1].without


def test_a_difference_is_of_pictures_that_were_drawn_in_the_same_way(lab, run):
    ways = {"same": {}, "longer": {"num_steps": 50}}
    for seed, (prompt, how) in enumerate(ways.items()):
        add_drawing(run, 44, prompt=prompt, seed=seed, rewards={"soft": 3.0})
        add_drawing(run, 48, prompt=prompt, seed=seed, rewards={"soft": 1.0}, **how)
    marks = tuple(mark_of(prompt) for prompt in ways)
    looking = looking_at((run, 44), (run, 48), score="soft", prompts=marks, against=PolicyRef(run.id, 48))
    assert values_of(read_grid(Rows.seen_by(lab.viewer), looking)) == [
        [(3.0, 2.0), (1.0, None)],
        [(3.0, None), (1.0, None)],
    ]


def test_runs_of_several_experiments_stand_side_by_side(lab, run):
    other = add_run(Experiment.objects.create(team=lab.team, name="Other"), "second")
    add_samples(other, 8, {("c", 0): 1.0, ("b", 0): 2.0})
    grid = read_grid(Rows.seen_by(lab.viewer), looking_at((run, 40), (other, 8), score="soft"))
    assert [group.prompt for group in grid.groups] == ["b", "c", "a"]
    assert values_of(grid)[0] == [(0.75, 0.5), (2.0, None)]
    assert values_of(grid)[2] == [None, (1.0, None)]


def test_rollouts_and_what_was_rolled_back_are_no_samples_to_compare(lab, run):
    add_group(run, 41, [1.0, -1.0], prompt="b", rewards={})
    resume(run, 39)
    assert columns_of(Rows.seen_by(lab.viewer), [PolicyRef(run.id, 50)])[0].samples_at == 0


def test_prompts_and_seeds_can_be_chosen(lab, run):
    grid = read_grid(
        Rows.seen_by(lab.viewer), looking_at((run, 40), prompts=(mark_of("a"), mark_of("gone")), seeds=(1,))
    )
    assert [(group.prompt, [row.seed for row in group.rows]) for group in grid.groups] == [("a", [1])]
    assert (grid.seeds, grid.shown_seeds, list(grid.prompts.known.values())) == ([0, 1], [1], ["b", "a"])


def test_many_prompts_come_in_pages(lab):
    run = add_run(lab.experiment)
    add_samples(run, 8, {(f"prompt {n}", 0): 0.0 for n in range(PAGE_SIZE + 2)})
    rows = Rows.seen_by(lab.viewer)
    first = read_grid(rows, looking_at((run, 8)))
    second = read_grid(rows, looking_at((run, 8), after=first.prompts.after))
    assert [len(grid.groups) for grid in (first, second)] == [PAGE_SIZE, 2]
    assert first.next_page == looking_at((run, 8), after=mark_of(f"prompt {PAGE_SIZE - 1}")).query
    assert second.next_page == "" and second.groups[0].prompt == f"prompt {PAGE_SIZE}"


def test_a_cell_opens_its_row_beside_the_first_column(lab, run):
    grid = read_grid(Rows.seen_by(lab.viewer), looking_at((run, 0), (run, 40)))
    cells: list[Cell] = grid.groups[0].rows[0].cells
    items = ",".join(str(cell.item.shown.ref) for cell in cells)
    assert [cell.query for cell in cells] == [
        f"{grid.looking.query}&items={items}&pair=2,1", f"{grid.looking.query}&items={items}"
    ]  # fmt: skip


def test_of_more_columns_than_fit_the_picked_one_is_among_those_opened(lab):
    run = add_run(lab.experiment)
    for iteration in range(10):
        add_samples(run, iteration, {("a", 0): 0.0})
    grid = read_grid(Rows.seen_by(lab.viewer), looking_at(*((run, at) for at in range(10))))
    cells = grid.groups[0].rows[0].cells
    refs = [str(cell.item.shown.ref) for cell in cells]
    assert f"items={','.join(refs[2:])}&pair=1,8" in cells[9].query
    assert f"items={','.join(refs[:8])}&pair=2,1" in cells[0].query


def test_it_takes_as_many_queries_with_many_cells(lab, run, django_assert_num_queries):
    rows = Rows.seen_by(lab.viewer)
    with django_assert_num_queries(7):
        read_grid(rows, looking_at((run, 40)))
    for iteration in range(1, 9):
        add_samples(run, iteration, {(f"{n}", seed): 0.0 for n in range(8) for seed in range(3)})
    with django_assert_num_queries(7):
        grid = read_grid(rows, looking_at(*((run, at) for at in range(9))))
    assert len(list(grid.cells)) > 100


def test_strangers_see_no_columns_and_the_team_without_a_user_all(lab, run):
    looking = looking_at((run, 0), (run, 40))
    theirs = read_grid(Rows.seen_by(lab.stranger), looking)
    assert (theirs.heads, theirs.groups, theirs.missing) == ([], [], 2)
    content = read_content(Rows.of_team(lab.team), looking)
    assert shown_policies(content) == looking.policies
    assert shown_refs(content) == {Ref("s", sample.id) for sample in run.samples.all()}


def test_a_shared_page_gets_its_own_addresses(lab, run):
    addresses = Addresses(*(lambda ref, kind=kind: f"/shared/{kind}/{ref}/" for kind in ("whole", "small", "frames")))
    grid = read_grid(Rows.of_team(lab.team), looking_at((run, 40)), addresses)
    shown = grid.groups[0].rows[0].cells[0].item.shown
    assert (shown.picture, shown.thumbnail) == (f"/shared/whole/{shown.ref}/", f"/shared/small/{shown.ref}/")


def test_items_of_a_shared_comparison_are_exactly_those_that_were_chosen(lab, run):
    samples = list(run.samples.all())
    content = read_content(Rows.of_team(lab.team), Looking(items=(Ref("s", samples[2].id), Ref("s", 10**9))))
    assert shown_refs(content) == {Ref("s", samples[2].id)} and content.missing == 1
    assert content.as_data() == {"items": [content.items[0].as_data()]}
    stranger = read_content(Rows.seen_by(lab.stranger), content.looking)
    assert (stranger.items, stranger.missing) == ([], 2)
