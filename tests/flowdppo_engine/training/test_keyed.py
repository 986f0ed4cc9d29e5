import numpy as np
import torch

from flowdppo_engine.training import keyed


def test_same_key_same_noise_whatever_was_drawn_before():
    first = keyed.normal((3, 4), 0, "step", 5, 1)
    torch.randn(7), np.random.rand(3)
    assert torch.equal(keyed.normal((3, 4), 0, "step", 5, 1), first)


def test_each_part_of_the_key_counts():
    keys = [(0, "step", 5, 1), (1, "step", 5, 1), (0, "initial", 5, 1), (0, "step", 6, 1), (0, "step", 5, 2)]
    drawn = torch.stack([keyed.normal((64,), *key) for key in keys])
    correlation = torch.corrcoef(drawn) - torch.eye(len(keys))
    assert correlation.abs().max() < 0.5


def test_a_longer_batch_begins_with_the_shorter_one():
    assert torch.equal(keyed.normal((9, 4, 8, 8), 3)[:5], keyed.normal((5, 4, 8, 8), 3))


def test_noise_is_standard_normal_fp32():
    noise = keyed.normal((200_000,), 1)
    assert noise.dtype == torch.float32
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 1) < 0.01
    assert abs((noise**4).mean() - 3) < 0.1


def test_permutation_holds_everything_once():
    assert sorted(keyed.permutation(20, 4).tolist()) == list(range(20))
    assert keyed.permutation(20, 4).tolist() != keyed.permutation(20, 5).tolist()
