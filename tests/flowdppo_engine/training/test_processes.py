import pytest

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.training.processes import ALONE, Processes
from flowdppo_engine.training.stopping import Stopped


@pytest.mark.parametrize(("num_groups", "count"), [(8, 1), (8, 2), (9, 3), (8, 8)])
def test_groups_are_shared_whole_and_evenly(num_groups, count):
    shares = [Processes(rank, count).own_groups(num_groups) for rank in range(count)]
    assert [group for share in shares for group in share] == list(range(num_groups))
    assert {len(share) for share in shares} == {num_groups // count}


def test_groups_that_cannot_be_are_refused_with_both_numbers():
    with pytest.raises(BadConfig, match=r"groups_per_iteration = 7 cannot be shared evenly by 4 processes"):
        Processes(0, 4).own_groups(7)


@pytest.mark.parametrize(("num_items", "count", "batch_size"), [(7, 2, 3), (2, 4, 2), (8, 4, 1), (5, 1, 2), (1, 3, 1)])
def test_every_item_is_in_one_batch(num_items, count, batch_size):
    batches = [batch for rank in range(count) for batch in Processes(rank, count).own_batches(num_items, batch_size)]
    assert [item for batch in batches for item in batch] == list(range(num_items))
    assert all(0 < len(batch) <= batch_size for batch in batches)


@pytest.mark.parametrize(("num_items", "count", "batch_size"), [(7, 2, 3), (2, 4, 2), (9, 4, 1), (1, 3, 1)])
def test_where_processes_pass_together_each_has_as_many_batches(num_items, count, batch_size):
    everyone = [Processes(rank, count, passes_together=True) for rank in range(count)]
    batches = [processes.own_batches(num_items, batch_size) for processes in everyone]
    assert len({len(own) for own in batches}) == 1
    assert [item for own in batches for batch in own for item in batch] == list(range(num_items))


def test_one_process_exchanges_nothing():
    assert ALONE.gather("word") == ["word"] and ALONE.from_main(3) == 3
    assert ALONE.most(5) == 5 and ALONE.any(True) and not ALONE.any(False)


def test_a_section_passes_a_stop_on_and_other_errors_as_they_are():
    reached = []
    with pytest.raises(Stopped), ALONE.section():
        raise Stopped
    with pytest.raises(KeyError), ALONE.section():
        raise KeyError
    with ALONE.section():
        reached.append(True)
    assert reached
