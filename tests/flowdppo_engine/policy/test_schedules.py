"""Sigma grids against diffusers, and the keyed choice of stochastic steps."""

import random
import subprocess
import sys
from collections import Counter

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from flowdppo_engine.config import AllSteps, FirstSteps, RandomSteps, SlidingWindow
from flowdppo_engine.policy.dynamics import make_dynamics
from flowdppo_engine.policy.schedules import compress_tail, make_sigmas, select_stochastic_steps, sigmas_from


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


def test_a_pipelines_own_grid_is_taken_as_it_is():
    """What FLUX lays, from the length of its sequence: a shift that no other schedule offers."""
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    scheduler.set_timesteps(sigmas=[1 - i / 8 for i in range(8)], mu=0.83)
    values = scheduler.sigmas.tolist()[:-1]
    sigmas = sigmas_from(values)
    assert sigmas.dtype == torch.float32 and sigmas[0] == 1.0 and sigmas[-1] == 0.0
    torch.testing.assert_close(sigmas, scheduler.sigmas, rtol=0, atol=1e-7)
    assert sigmas_from([1.0]).tolist() == [1.0, 0.0]


def test_a_start_that_rounding_moved_is_exactly_one():
    """At 1 - 6e-8 Flow-SDE would not see sigma = 1 and its std would be in the hundreds."""
    sigmas = sigmas_from([1 - 6e-8, 0.9, 0.5])
    assert sigmas[0] == 1.0
    flow_sde = make_dynamics("flow_sde", noise_level=0.8)
    assert flow_sde.transition_std(*sigmas[:2], sigma_max=sigmas[1]) == pytest.approx(0.8)
    assert flow_sde.transition_std(1 - 6e-8, 0.9, sigma_max=0.9) > 100 * 0.8


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "empty"),
        ([0.98, 0.5], r"sigmas\[0\]=0.98"),
        ([float("nan"), 0.5], r"sigmas\[0\]=nan"),
        ([1.0, 0.5, 0.5], "descend strictly"),
        ([1.0, 0.5, 0.0], "without the last 0"),
        ([1.0, float("nan"), 0.5], "descend strictly"),
        ([1.0, -0.5], "stay above 0"),
    ],
)
def test_a_pipelines_grid_is_checked(values, message):
    with pytest.raises(ValueError, match=message):
        sigmas_from(values)


@pytest.mark.parametrize(
    ("num_steps", "last", "fraction", "kept"),
    [
        (10, 3, 1.0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (10, 3, 0.5, [0, 1, 2, 3, 4, 6, 8, 10]),
        (10, 1, 0.5, [0, 1, 2, 4, 6, 8, 10]),
        (25, 3, 0.4, [0, 1, 2, 3, 4, 7, 9, 12, 15, 17, 20, 22, 25]),
        (10, 3, 0.01, [0, 1, 2, 3, 4, 10]),
        (10, 8, 0.4, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (10, 9, 0.4, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ],
)
def test_compressed_tail(num_steps, last, fraction, kept):
    sigmas = make_sigmas("linspace_shift", num_steps, 3.0)
    assert torch.equal(compress_tail(sigmas, last, fraction), sigmas[kept])


def test_a_compressed_tail_leaves_the_stochastic_steps_alone_and_is_even():
    for num_steps in range(2, 30):
        sigmas = make_sigmas("linspace_shift", num_steps, 3.0)
        for last in range(num_steps):
            for fraction in (0.1, 0.4, 0.77):
                grid = compress_tail(sigmas, last, fraction)
                assert torch.equal(grid[: last + 2], sigmas[: last + 2]) and grid[-1] == 0
                assert (grid.diff() < 0).all()
                places = torch.searchsorted(-sigmas, -grid)[last + 1 :].diff()
                assert len(places) == 0 or places.max() - places.min() <= 1


@pytest.mark.parametrize(("last", "fraction"), [(-1, 0.5), (10, 0.5), (3, 0.0), (3, 1.1)])
def test_compressing_refuses(last, fraction):
    with pytest.raises(ValueError, match="last_stochastic_step=|fraction="):
        compress_tail(make_sigmas("diffusers", 10, 3.0), last, fraction)


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


def windows(config, num_iterations, num_denoising_steps=10, seed=0):
    return [select_stochastic_steps(config, num_denoising_steps, seed, i) for i in range(num_iterations)]


def test_the_progressive_window_slides_and_rolls_back():
    config = SlidingWindow(size=3, first=1, last=5, stride=1, every=2, order="progressive")
    assert windows(config, 9) == [(1, 2, 3)] * 2 + [(2, 3, 4)] * 2 + [(3, 4, 5)] * 2 + [(1, 2, 3)] * 2 + [(2, 3, 4)]


def test_a_window_that_would_not_fit_any_more_rolls_back():
    config = SlidingWindow(size=4, first=0, last=9, stride=4, every=1, order="progressive")
    assert windows(config, 4) == [(0, 1, 2, 3), (4, 5, 6, 7), (0, 1, 2, 3), (4, 5, 6, 7)]
    assert windows(SlidingWindow(size=4, first=0, last=3, every=1), 3) == [(0, 1, 2, 3)] * 3


def test_mixgrpos_own_window():
    """A window of 4 of 25 steps that moves by 1 each 25 iterations."""
    config = SlidingWindow(size=4, first=0, last=24, stride=1, every=25, order="progressive")
    steps = windows(config, 25 * 23, num_denoising_steps=25)
    assert [window[0] for window in steps[::25]] == [*range(22), 0]
    assert steps[24] == (0, 1, 2, 3) and steps[25] == (1, 2, 3, 4)


def test_the_random_window_is_uniform_keyed_and_stays_for_its_iterations():
    config = SlidingWindow(size=2, first=1, last=5, stride=1, every=3, order="random")
    steps = windows(config, 6000, seed=3)
    assert all(len(set(steps[i : i + 3])) == 1 for i in range(0, 6000, 3))
    counts = Counter(steps[::3])
    assert set(counts) == {(1, 2), (2, 3), (3, 4), (4, 5)}
    # 500 expected of each, standard deviation 19.4.
    assert max(abs(count - 500) for count in counts.values()) < 90
    assert steps != windows(config, 6000, seed=4)
    assert steps == windows(config, 6000, seed=3)


def test_the_random_window_is_pinned():
    """A resumed run must meet the windows that it would have met: the draw may never change."""
    config = SlidingWindow(size=2, first=0, last=8, stride=2, every=1, order="random")
    assert [window[0] for window in windows(config, 8)] == [4, 4, 6, 4, 0, 2, 2, 0]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (SlidingWindow(size=5, first=2, last=5), r"size=5.*choose size in 1\.\.4"),
        (SlidingWindow(size=2, first=2, last=10), "last=10.*ends at denoising step 9"),
        (FirstSteps(k=11), r"k=11.*choose k in 1\.\.10"),
        (RandomSteps(first=2, last=4, k=4), r"k=4.*choose k in 1\.\.3"),
        (RandomSteps(first=0, last=10, k=2), "last=10.*ends at denoising step 9"),
        (RandomSteps(first=5, last=4, k=1), "last=4"),
    ],
)
def test_selection_refuses(config, message):
    with pytest.raises(ValueError, match=message):
        select_stochastic_steps(config, 10, seed=0, iteration=0)


def test_what_a_configuration_is_checked_against_loads_no_torch():
    code = (
        "import sys\n"
        "from flowdppo_engine.policy import dynamics, schedules, solvers, thresholds, trust_regions\n"
        "from flowdppo_engine.policy.trust_regions import panel\n"
        "assert dynamics.make_dynamics('cps', noise_level=0.8).transition_std(0.5, 0.0) == 0\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
