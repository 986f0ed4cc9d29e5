"""Stopping after a checkpoint, more iterations, and starting from another run's checkpoint: all the same line."""

import json
import shutil

import pytest

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.events import Metrics
from flowdppo_engine.recipes import write_config
from flowdppo_engine.training import checkpoints, run
from flowdppo_engine.training.stopping import StopFile
from tests.flowdppo_engine.brightness import brightness_suite
from tests.flowdppo_engine.training.run_folder import assert_same_files, facts, read_events


def options(**more) -> dict:
    return {"rewards": brightness_suite(), **more}


@pytest.fixture(scope="module")
def undisturbed(tiny_folder, prompts_file, tmp_path_factory):
    """A run of 6 iterations, with a checkpoint at each second."""
    from tests.flowdppo_engine.tiny_run import tiny_config

    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    assert run.train(tiny_config(tiny_folder, prompts_file, iterations=6), folder, **options()) == 0
    return folder


def lay_stop_at(folder, iteration: int):
    """A listener that asks for the stop while an iteration is being told of."""

    def listen(event) -> None:
        if isinstance(event, Metrics) and event.iteration == iteration:
            StopFile(folder).lay()

    return listen


def kinds(folder) -> list[str]:
    return [event.type for event in read_events(folder) if event.type not in ("phase", "log")]


def test_stopped_after_checkpoints_and_taken_up_is_undisturbed(make_config, undisturbed, tmp_path):
    folder = tmp_path / "run"
    run.train(make_config(iterations=6), folder, **options(listeners=[lay_stop_at(folder, 2)]))
    # The evaluation that was due does not hold the stop up: it is made when the run is taken up.
    assert kinds(folder)[-3:] == ["metrics", "checkpoint", "finished"]
    assert run.resume(folder, **options(listeners=[lay_stop_at(folder, 3)])) == 0
    stopped = read_events(folder)[-1]
    assert (stopped.type, stopped.stopped, stopped.iteration) == ("finished", True, 3)
    assert not StopFile(folder).is_there
    assert run.resume(folder, **options()) == 0
    told = facts(folder)
    # The stop writes a checkpoint more.
    assert told.pop(("checkpoint", 3, None, None))
    assert told == facts(undisturbed)
    assert_same_files(folder, undisturbed)


def test_a_stop_that_was_laid_while_loading_ends_the_run_before_it_trains(make_config, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    write_config(make_config(), folder / "config.yaml")
    StopFile(folder).lay()
    assert run.resume(folder, **options()) == 0
    assert kinds(folder) == ["started", "finished"]
    assert not StopFile(folder).is_there


def test_a_finished_run_with_more_iterations_is_the_longer_run(make_config, undisturbed, tmp_path):
    folder = tmp_path / "run"
    run.train(make_config(iterations=4), folder, **options())
    write_config(make_config(iterations=6), folder / "config.yaml")
    assert run.resume(folder, **options()) == 0
    assert facts(folder) == facts(undisturbed)
    assert_same_files(folder, undisturbed)


def test_a_run_from_a_checkpoint_with_the_same_configuration_is_the_rest_of_that_run(
    make_config, undisturbed, tmp_path
):
    folder = tmp_path / "run"
    start = undisturbed / "checkpoints" / "step-000004"
    assert run.train(make_config(iterations=6), folder, start, **options()) == 0
    expected = {key: fact for key, fact in facts(undisturbed).items() if key[0] != "checkpoint" or key[1] > 2}
    # Nor what training told of the iterations before.
    expected = {
        key: fact
        for key, fact in expected.items()
        if not (key[0] == "metrics" or (key[0] == "samples" and not key[3])) or key[1] > 2
    }
    assert {key: fact for key, fact in facts(folder).items() if key[:2] != ("checkpoint", 2)} == expected
    # Base model, then what it starts from, then training.
    assert kinds(folder)[:5] == ["started", "evaluation", "samples", "resumed", "checkpoint"]
    assert_same_files(folder, undisturbed, without="iteration-000002")


def test_killed_before_its_first_checkpoint_it_starts_from_there_again(make_config, undisturbed, tmp_path):
    folder = tmp_path / "run"
    start = undisturbed / "checkpoints" / "step-000004"
    config = make_config(iterations=6, checkpoint={"every": 100}, evaluation={"every": 100}, samples={"every": 100})

    def die(event) -> None:
        if isinstance(event, Metrics) and event.iteration == 4:
            raise OSError("The power is gone.")

    assert run.train(config, folder, start, **options(listeners=[die])) == 1
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    assert run.resume(folder, **options()) == 0
    assert [event.iteration for event in read_events(folder) if event.type == "resumed"] == [2, 0, 2]
    trained = {key: fact for key, fact in facts(undisturbed).items() if key[0] == "metrics" and key[1] > 2}
    assert {key: fact for key, fact in facts(folder).items() if key[0] == "metrics"} == trained


def test_what_does_not_fit_any_more_starts_afresh(make_config, undisturbed, tmp_path):
    start = undisturbed / "checkpoints" / "step-000004"
    config = make_config(
        iterations=3,
        ema={"decay": 0},
        trust_region={"name": "adaptive_clip", "target": {"value": 1e-3}},
    )
    assert run.train(config, tmp_path / "run", start, **options()) == 0
    position = json.loads((checkpoints.list_checkpoints(tmp_path / "run")[-1] / "position.json").read_text())
    assert position["iteration"] == 3 and "clip_range" in position["trust_region"]


def test_averages_that_the_checkpoint_lacks_begin_at_its_weights(make_config, tmp_path):
    without = make_config(iterations=2, ema={"decay": 0})
    run.train(without, tmp_path / "first", **options())
    start = tmp_path / "first" / "checkpoints" / "step-000004"
    assert run.train(make_config(iterations=3), tmp_path / "run", start, **options()) == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"iterations": 2}, "has done 2 already; give more than 2"), ({"lora": {"rank": 2}}, "this model and lora")],
)
def test_what_cannot_work_is_refused_for_good(make_config, undisturbed, tmp_path, changes, words):
    start = undisturbed / "checkpoints" / "step-000004"
    assert run.train(make_config(**{"iterations": 6, **changes}), tmp_path / "run", start, **options()) == 2
    failed = read_events(tmp_path / "run")[-1]
    assert failed.deterministic and words in failed.error


def test_a_damaged_checkpoint_is_no_start(make_config, undisturbed, tmp_path):
    shutil.copytree(undisturbed / "checkpoints" / "step-000004", tmp_path / "damaged")
    (tmp_path / "damaged" / "optimizer.safetensors").write_bytes(b"no")
    with pytest.raises(BadConfig, match="another content"):
        run.train(make_config(iterations=6), tmp_path / "run", tmp_path / "damaged", **options())
    assert not (tmp_path / "run" / "start").exists()
