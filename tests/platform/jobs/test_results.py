import pytest

from jobs.results import dry_run_of, notes_on
from tests.platform.jobs.laboratory import finish, reward, samples, scored


def test_pictures_stand_from_the_best_to_the_worst(job):
    finish(job, samples({"a": 0.2, "b": 3.0}, {"a": 0.8, "b": 1.0}), scored(reward("a"), reward("b", weight=0.0)))
    shown = dry_run_of(job)
    assert [(tile.sample.index, tile.total) for tile in shown.tiles] == [(1, 0.8), (0, 0.2)]
    assert shown.orders == ["total", "a", "b"]
    assert [tile.sample.index for tile in dry_run_of(job, "b").tiles] == [0, 1]
    assert dry_run_of(job, "nonsense").order == "total"


def test_while_it_is_at_work_pictures_stand_as_they_come(job):
    finish(job, samples())
    shown = dry_run_of(job)
    assert [(tile.sample.index, tile.total) for tile in shown.tiles] == [(0, None), (1, None)]
    assert shown.rows == [] and shown.notes == []


def test_shares_are_of_the_weighted_differences_within_groups(job):
    rewards = (reward("a", weight=2.0, group_std=0.1), reward("b", weight=-1.0, group_std=0.6))
    finish(job, samples({"a": 0, "b": 0}, {"a": 1, "b": 1}), scored(*rewards))
    shown = dry_run_of(job)
    assert [row.share for row in shown.rows] == pytest.approx([0.25, 0.75])
    rollout = job.payload["config"]["rollout"]
    num_images = rollout["group_size"] * rollout["groups_per_iteration"]
    assert shown.rows[0].iteration_seconds == 0.25 * num_images and shown.num_images == num_images


def test_without_groups_or_times_there_is_nothing_to_share(job):
    one = reward(group_std=None, seconds_per_image=None)
    finish(job, samples(), scored(one, num_groups=0))
    (row,) = dry_run_of(job).rows
    assert (row.share, row.iteration_seconds) == (None, None)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (scored(), []),
        (scored(num_groups=0), ["Each prompt has one picture."]),
        (
            scored(reward(num_alike_groups=1, group_std=0.0), num_alike_groups=1),
            ["a run would learn nothing", "a gives every picture of a prompt the same score: it teaches nothing."],
        ),
        (scored(reward(num_alike_groups=1), num_groups=4), ["the same score for 1 of 4 prompts"]),
        (scored(reward(), reward("b", group_std=0.001)), ["a makes 100% of the differences"]),
        (scored(reward(), reward("b", weight=0, group_std=0.0, num_alike_groups=1)), []),
        (
            scored(reward(weight=0.0), num_alike_groups=1, left_out=["q"]),
            ["No reward that has a weight could judge", "q was left out"],
        ),
        (scored(left_out=["q"]), ["q was left out: it asks questions"]),
    ],
)
def test_what_to_look_at_twice(told, expected):
    notes = list(notes_on(told))
    assert len(notes) == len(expected)
    assert all(part in note for part, note in zip(expected, notes, strict=True))


def test_where_each_reward_is_normalised_its_scale_does_not_matter():
    assert list(notes_on(scored(reward(), reward("b", group_std=0.001)), normalizes=True)) == []
