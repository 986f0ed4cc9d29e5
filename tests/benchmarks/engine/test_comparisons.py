"""Two loops that are compared do the same, but for the passes that the saving saves."""

import pytest

from tests.benchmarks.engine.comparisons import COMPARISONS, measure_gain
from tests.benchmarks.engine.passes import Counts

NUM_IMAGES, NUM_SLOTS, NUM_GROUPS, NUM_SHARED_STEPS = 16, 2, 2, 2
TRAINED = NUM_IMAGES * NUM_SLOTS


@pytest.fixture
def gain(make_subject):
    """`gain(part of its name)`."""

    def measure(part):
        (comparison,) = (one for one in COMPARISONS if part in one.name)
        return measure_gain(make_subject(rollout={"groups_per_iteration": NUM_GROUPS}), comparison, num_iterations=1)

    return measure


def more(counts: Counts, **kinds: int) -> Counts:
    return Counts(**{kind: getattr(counts, kind) + kinds.get(kind, 0) for kind in vars(counts)})


def test_recomputing_the_old_policy_is_one_more_forward_pass(gain):
    saving, without = gain("stored").counts
    assert without == more(saving, forwards=TRAINED)


def test_a_gradient_through_the_unconditional_pass_is_one_more_backward_pass(gain):
    measured = gain("unconditional")
    saving, without = measured.counts
    assert without == more(saving, forwards=-TRAINED, trained=TRAINED, backwards=TRAINED)
    assert measured.activations == pytest.approx(2, rel=0.1)


def test_blocked_tiles_cost_their_forward_pass_only(gain):
    saving, without = gain("blocked").counts
    assert without.backwards == without.trained == saving.trained == TRAINED
    # None before the first optimizer step, of two; after it about half of the tiles move on.
    assert TRAINED / 2 < saving.backwards < TRAINED


def test_a_prefix_is_walked_once_a_group_or_once_an_image(gain):
    saving, without = gain("prefix").counts
    assert without == more(saving, forwards=(NUM_IMAGES - NUM_GROUPS) * NUM_SHARED_STEPS)


def test_encoding_each_time_passes_the_network_as_often(gain):
    measured = gain("encoded")
    saving, without = measured.counts
    assert without == saving
    assert measured.activations is None and len(measured.of_iterations) == 1
