"""Group statistics against plain Python."""

import math
import statistics

import pytest
import torch

from flowdppo_engine.policy.advantages import gdpo_advantages, group_advantages, weighted_sum

EPS = 1e-4
REWARDS = torch.tensor([[0.1, 0.4, 0.4, 0.9], [0.7, 0.7, 0.7, 0.7], [0.0, 0.0, 0.0, 1.0]])
IDS = torch.tensor([5, 5, 5, 5, 9, 9, 9, 9, -1, -1, -1, -1])


def test_group_std():
    output = group_advantages(REWARDS, clip=None)
    for rewards, advantages in zip(REWARDS.tolist(), output.advantages.tolist(), strict=True):
        mean, std = statistics.fmean(rewards), statistics.pstdev(rewards)
        assert advantages == pytest.approx([(r - mean) / (std + EPS) for r in rewards], abs=1e-6)
    assert output.group_mean.tolist() == pytest.approx([0.45, 0.7, 0.25])
    assert output.group_std.tolist() == pytest.approx([statistics.pstdev(r) for r in REWARDS.tolist()])
    assert output.advantages.dtype == output.group_mean.dtype == torch.float32


def test_batch_std_keeps_the_group_mean():
    output = group_advantages(REWARDS, std="batch", clip=None)
    std = statistics.pstdev(REWARDS.flatten().tolist())
    expected = (REWARDS - REWARDS.mean(dim=1, keepdim=True)) / (std + EPS)
    torch.testing.assert_close(output.advantages, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("std", ["group", "batch"])
def test_group_of_equal_rewards_is_flagged_and_exactly_zero(std):
    output = group_advantages(REWARDS, std=std)
    assert output.zero_groups.tolist() == [False, True, False]
    assert (output.advantages[1] == 0).all()
    assert group_advantages(torch.full((1, 7), 0.1), std=std).advantages.abs().max() == 0


def test_scattered_group_ids_give_what_rows_give():
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    flat = group_advantages(REWARDS.flatten()[order], IDS[order])
    rows = group_advantages(REWARDS)
    torch.testing.assert_close(flat.advantages, rows.advantages.flatten()[order])
    # Groups are numbered by ascending id: -1 (third row), 5, 9.
    torch.testing.assert_close(flat.group_mean, rows.group_mean[[2, 0, 1]])
    assert flat.zero_groups.tolist() == [False, False, True]


def test_groups_of_different_sizes():
    output = group_advantages(torch.tensor([1.0, 3.0, 7.0, 5.0, 5.0, 8.0]), torch.tensor([0, 0, 1, 2, 2, 2]))
    assert output.advantages.tolist() == pytest.approx([-1, 1, 0, -(0.5**0.5), -(0.5**0.5), 2**0.5], abs=1e-3)
    assert output.zero_groups.tolist() == [False, True, False]


def test_clip():
    rewards = torch.tensor([[0.0] * 99 + [1.0]])
    assert float(group_advantages(rewards, clip=None).advantages.max()) == pytest.approx(math.sqrt(99), rel=2e-3)
    assert float(group_advantages(rewards, clip=5.0).advantages.max()) == 5.0


def test_statistics_survive_a_large_offset():
    """In float32 the spread of 1 on an offset of 1e7 would be coarse; inside it is float64."""
    rewards = torch.tensor([[1.0, 2.0, 3.0, 4.0]], dtype=torch.float64)
    torch.testing.assert_close(
        group_advantages(rewards + 1e9).advantages, group_advantages(rewards).advantages, rtol=1e-6, atol=0
    )


def test_weighted_sum():
    components = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([10.0, 30.0]), "c": torch.tensor([math.nan, 0.0])}
    assert weighted_sum(components, {"a": 1.0, "b": 0.5, "c": 0.0}).tolist() == [6.0, 17.0]


def test_gdpo_normalises_each_reward_then_whitens_the_batch():
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(6, 8, generator=generator), 1000 * torch.rand(6, 8, generator=generator)
    output = gdpo_advantages({"a": a, "b": b}, {"a": 1.0, "b": 2.0}, clip=None)
    parts = [
        weight
        * (r.double() - r.double().mean(1, keepdim=True))
        / (r.double().std(1, correction=0, keepdim=True) + EPS)
        for r, weight in ((a, 1.0), (b, 2.0))
    ]
    total = parts[0] + parts[1]
    expected = (total - total.mean()) / (total.std(correction=0) + EPS)
    torch.testing.assert_close(output.advantages.double(), expected, rtol=1e-5, atol=1e-6)
    assert float(output.advantages.double().std(correction=0)) == pytest.approx(1, abs=1e-3)
    torch.testing.assert_close(output.group_mean, (a + 2 * b).mean(dim=1))
    # The scale of a reward does not matter to GDPO, as it does to the sum.
    scaled = gdpo_advantages({"a": a, "b": b / 100}, {"a": 1.0, "b": 2.0}, clip=None)
    torch.testing.assert_close(scaled.advantages, output.advantages, rtol=2e-3, atol=1e-4)


def test_gdpo_group_is_zero_only_if_all_its_rewards_are():
    a, b = REWARDS, REWARDS.flip(0)[[1, 0, 2]]
    output = gdpo_advantages({"a": a, "b": b, "off": torch.rand(3, 4)}, {"a": 1.0, "b": 1.0, "off": 0.0})
    assert output.zero_groups.tolist() == [False, False, False]
    both = gdpo_advantages({"a": a, "b": 3 * a}, {"a": 1.0, "b": 1.0})
    assert both.zero_groups.tolist() == [False, True, False]
    assert (both.advantages[1] == 0).all()


def test_a_reward_of_weight_0_changes_nothing():
    """It is logged, also where it is not finite."""
    watched = torch.full_like(REWARDS, math.nan)
    alone = gdpo_advantages({"a": REWARDS}, {"a": 2.0})
    beside = gdpo_advantages({"a": REWARDS, "watched": watched}, {"a": 2.0, "watched": 0.0})
    assert torch.equal(alone.advantages, beside.advantages)
    assert alone.zero_groups.tolist() == beside.zero_groups.tolist() == [False, True, False]
    total = weighted_sum({"a": REWARDS, "watched": watched}, {"a": 2.0, "watched": 0.0})
    assert torch.equal(total, 2 * REWARDS.double())


def test_of_one_reward_gdpo_is_the_group_advantage_whitened():
    plain = group_advantages(REWARDS, clip=None).advantages.double()
    output = gdpo_advantages({"a": REWARDS}, {"a": 1.0}, clip=None)
    torch.testing.assert_close(output.advantages.double(), plain / (plain.std(correction=0) + EPS))
    assert (output.advantages[1] == 0).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: group_advantages(REWARDS, std="global"), "group, batch"),
        (lambda: group_advantages(REWARDS.flatten()), "num_groups, group_size"),
        (lambda: group_advantages(REWARDS.flatten(), IDS[:3]), r"both be \[N\]"),
        (lambda: group_advantages(torch.tensor([[1.0, math.nan]])), "1 of 2 rewards are not finite"),
        (lambda: group_advantages(torch.zeros(0, 4)), "empty"),
        (lambda: group_advantages(REWARDS, clip=0.0), "clip=0.0"),
        (lambda: group_advantages(REWARDS, eps=0.0), "eps=0.0"),
        (lambda: weighted_sum({"a": REWARDS}, {"b": 1.0}), "give each one weight"),
        (lambda: weighted_sum({"a": REWARDS}, {"a": 0.0}), "other than 0"),
        (lambda: weighted_sum({"a": REWARDS, "b": IDS}, {"a": 1.0, "b": 1.0}), "different shapes"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
