"""How many images a policy has been trained on, also where it began with another run's checkpoint."""

from runs.samples_seen import Seen, seen_by
from runs.series import read_series
from tests.platform.lab import CONFIG, add_checkpoint, add_run


def config(group_size: int, num_groups: int) -> dict:
    return CONFIG | {"rollout": CONFIG["rollout"] | {"group_size": group_size, "groups_per_iteration": num_groups}}


def test_an_iteration_is_a_rollout(lab, django_assert_num_queries):
    run = add_run(lab.experiment, config=config(4, 3))
    with django_assert_num_queries(0):
        (seen,) = seen_by([run]).values()
    assert (seen.at(0), seen.at(1), seen.at(10)) == (0, 12, 120)


def test_a_run_from_a_checkpoint_goes_on_from_what_that_had_seen(lab):
    first = add_run(lab.experiment, config=config(4, 3))
    second = add_run(lab.experiment, config=config(2, 5), continued_from=add_checkpoint(first, 20))
    third = add_run(lab.experiment, config=config(1, 1), continued_from=add_checkpoint(second, 30))
    assert seen_by([third, second]) == {third.id: Seen(30, 340, 1), second.id: Seen(20, 240, 10)}


def test_more_runs_of_one_origin_take_no_more_queries(lab, django_assert_num_queries):
    checkpoint = add_checkpoint(add_run(lab.experiment), 20)
    runs = [add_run(lab.experiment, f"run {number}", continued_from=checkpoint) for number in range(3)]
    with django_assert_num_queries(1):
        assert len(set(seen_by(runs).values())) == 1


def test_a_reader_gets_it_once(lab):
    run = add_run(lab.experiment, config=config(4, 3))
    first = read_series(lab.viewer, [run.id], [])
    assert first["runs"][0]["samples"] == {"start": 0, "before": 0, "each": 12}
    assert "samples" not in read_series(lab.viewer, [run.id], [], first["cursor"])["runs"][0]
