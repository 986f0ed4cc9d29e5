import pytest

from flowdppo_engine.events import Sample
from flowdppo_engine.jobs.spread import summarize


def samples(*scores):
    return [
        Sample(index=index, path=f"{index}.png", prompt=prompt, seed=0, rewards=rewards)
        for index, (prompt, rewards) in enumerate(scores)
    ]


def test_level_and_spread_over_all_and_within_groups():
    some = samples(("a", {"x": 0.0}), ("a", {"x": 2.0}), ("b", {"x": 10.0}), ("b", {"x": 10.0}), ("c", {"x": 3.0}))
    told = summarize(some, {"x": 2.0}, {"x": 0.25}, [])
    (reward,) = told.rewards
    assert reward.mean == 5.0
    assert reward.std == pytest.approx((sum((x - 5) ** 2 for x in (0, 2, 10, 10, 3)) / 5) ** 0.5)
    # Group a: 1, group b: 0; c is no group.
    assert (reward.group_std, reward.num_alike_groups, reward.seconds_per_image) == (0.5, 1, 0.25)
    assert (told.num_groups, told.num_alike_groups) == (2, 1)
    assert told.totals == [0.0, 4.0, 20.0, 20.0, 6.0]


def test_the_total_is_weighted_and_a_reward_of_weight_0_is_told_all_the_same():
    some = samples(("a", {"x": 1.0, "y": 5.0, "z": 0.5}), ("a", {"x": 2.0, "y": 5.0, "z": 0.0}))
    told = summarize(some, {"x": 1.0, "y": 0.0, "z": -2.0}, {}, [])
    assert told.totals == [0.0, 2.0]
    assert [(one.name, one.weight, one.num_alike_groups) for one in told.rewards] == [
        ("x", 1.0, 0), ("y", 0.0, 1), ("z", -2.0, 0),
    ]  # fmt: skip
    assert told.rewards[0].seconds_per_image is None


def test_differences_that_cancel_leave_groups_alike_in_total():
    some = samples(("a", {"x": 1.0, "y": 0.0}), ("a", {"x": 0.0, "y": 1.0}))
    told = summarize(some, {"x": 1.0, "y": 1.0}, {}, [])
    assert (told.num_alike_groups, [one.num_alike_groups for one in told.rewards]) == (1, [0, 0])


def test_without_a_group_there_is_no_spread_within_one():
    told = summarize(samples(("a", {"x": 1.0}), ("b", {"x": 3.0})), {"x": 1.0, "q": 1.0}, {}, ["q"])
    assert (told.num_groups, told.rewards[0].group_std, told.left_out) == (0, None, ["q"])
    assert [one.name for one in told.rewards] == ["x"]
