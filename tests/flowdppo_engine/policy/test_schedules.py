"""Sigma grids against diffusers, and the keyed choice of stochastic steps."""

import random
import subprocess
import sys
from collections import Counter

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from flowdppo_engine.config import AllSteps, FirstSteps, RandomSteps
from flowdppo_engine.policy.schedules import make_sigmas, select_stochastic_steps


@pytest.mark.parametrize("shift", [0.5, 1.0, 3.0, 7.0])
@pytest.mark.parametrize("num_denoising_steps", [1, 2, 10, 40])
def test_diffusers_grid_is_that_of_diffusers(num_denoising_steps, shift):
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(num_denoising_steps)
    sigmas = make_sigmas("diffusers", num_denoising_steps, shift)
    torch.testing.assert_close(sigmas, scheduler.sigmas.float(), rtol=0, atol=5e-7)


def test_published_grids():
    twice = [1, 0.9601, 0.9133, 0.8577, 0.7904, 0.7073, 0.6022, 0.4649, 0.278, 0.0089, 0]
    once = [1, 0.9643, 0.9231, 0.8750, 0.8182, 0.7500, 0.6667, 0.5625, 0.4286, 0.2500, 0]
    torch.testing.assert_close(make_sigmas("diffusers", 10, 3.0), torch.tensor(twice), rtol=0, atol=5.1e-5)
    torch.testing.assert_close(make_sigmas("linspace_shift", 10, 3.0), torch.tensor(once), rtol=0, atol=5.1e-5)


@pytest.mark.parametrize("kind", ["linspace_shift", "diffusers"])
@pytest.mark.parametrize("shift", [0.31, 1.0, 20.0])
def test_grid_ends_are_exact_and_it_descends(kind, shift):
    sigmas = make_sigmas(kind, 200, shift)
    assert sigmas.dtype == torch.float32 and sigmas.shape == (201,)
    assert sigmas[0] == 1.0 and sigmas[-1] == 0.0
    assert (sigmas.diff() < 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cosine", 10, 3.0), "linspace_shift, diffusers"),
        (("diffusers", 0, 3.0), "num_denoising_steps=0"),
        (("diffusers", 10, 0.0), "shift=0.0"),
        (("diffusers", 10, float("nan")), "shift=nan"),
        (("linspace_shift", 10, 1e9), "closer to 1"),
    ],
)
def test_grid_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_sigmas(*arguments)


def test_fixed_selections():
    assert select_stochastic_steps(AllSteps(), 4, seed=0, iteration=3) == (0, 1, 2, 3)
    assert select_stochastic_steps(FirstSteps(k=2), 4, seed=0, iteration=3) == (0, 1)


def test_random_selection_is_fresh_uniform_and_keyed():
    config = RandomSteps(first=1, last=5, k=3)
    draws = [select_stochastic_steps(config, 10, seed=7, iteration=i) for i in range(2000)]
    counts = Counter(draws)
    assert all(draw == tuple(sorted(set(draw))) and len(draw) == 3 for draw in counts)
    assert len(counts) == 10  # 5 choose 3
    # 200 expected of each, standard deviation 13.4.
    assert max(abs(count - 200) for count in counts.values()) < 60
    assert draws != [select_stochastic_steps(config, 10, seed=8, iteration=i) for i in range(2000)]


def test_random_selection_ignores_global_state_and_process():
    config = RandomSteps(first=0, last=5, k=3)
    random.seed(1), torch.manual_seed(1)
    here = [select_stochastic_steps(config, 10, seed=42, iteration=i) for i in range(20)]
    random.seed(2), torch.manual_seed(2)
    assert here == [select_stochastic_steps(config, 10, seed=42, iteration=i) for i in range(20)]
    code = (
        "from flowdppo_engine.policy.schedules import select_stochastic_steps as select\n"
        "from types import SimpleNamespace as N\n"
        "c = N(name='random_k_of_range', first=0, last=5, k=3)\n"
        "print([select(c, 10, seed=42, iteration=i) for i in range(20)])"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert there == str(here)


def test_random_selection_is_pinned():
    """A resumed run must meet the steps that it would have met: the draw may never change."""
    config = RandomSteps(first=0, last=5, k=3)
    assert [select_stochastic_steps(config, 10, seed=0, iteration=i) for i in range(4)] == [
        (0, 3, 4),
        (1, 2, 4),
        (0, 4, 5),
        (0, 2, 5),
    ]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (FirstSteps(k=11), r"k=11.*choose k in 1\.\.10"),
        (RandomSteps(first=2, last=4, k=4), r"k=4.*choose k in 1\.\.3"),
        (RandomSteps(first=0, last=10, k=2), "last=10.*ends at denoising step 9"),
        (RandomSteps(first=5, last=4, k=1), "last=4"),
    ],
)
def test_selection_refuses(config, message):
    with pytest.raises(ValueError, match=message):
        select_stochastic_steps(config, 10, seed=0, iteration=0)


def test_only_divergence_and_advantages_load_torch():
    code = (
        "import sys\n"
        "from flowdppo_engine.policy import dynamics, schedules, thresholds, trust_regions\n"
        "assert dynamics.make_dynamics('cps', noise_level=0.8).transition_std(0.5, 0.0) == 0\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
