from flowdppo_engine.events import Best, Checkpoint, Evaluation, EventWriter, Resumed, Sample, Samples, Started
from flowdppo_engine.training.history import History

STARTED = Started(total_iterations=9, num_latent_dims=1, num_trainable_parameters=1, engine_version="0")


def evaluation(iteration, prompt_set="set"):
    return Evaluation(iteration=iteration, step=0, prompt_set=prompt_set, num_prompts=0, scores={}, difference={})


def samples(iteration, kind="fixed"):
    sample = Sample(index=0, path="a.png", prompt="a dog", seed=0, rewards={}, kind=kind)
    return Samples(iteration=iteration, step=0, samples=[sample])


def checkpoint(iteration, path, removed=()):
    return Checkpoint(iteration=iteration, step=0, path=path, num_bytes=0, removed=list(removed))


def test_an_empty_folder_has_no_history(tmp_path):
    assert History.read(tmp_path) == History()


def test_what_lies_past_a_resumption_is_forgotten():
    resumed = Resumed(iteration=2, step=4, checkpoint=None)
    history = History.of([STARTED, evaluation(0), samples(2), evaluation(2), evaluation(4), samples(4), resumed])
    assert history.has_started
    assert set(history.evaluations) == {(0, "set"), (2, "set")}
    assert history.sample_iterations == {2}


def test_what_training_drew_does_not_stand_for_the_samples_that_are_due():
    assert History.of([samples(2), samples(4, "rollout")]).sample_iterations == {2}


def test_checkpoints_are_those_announced_and_not_removed():
    history = History.of([checkpoint(1, "a"), checkpoint(2, "b"), checkpoint(3, "c", removed=["a"])])
    assert history.checkpoints == {"b", "c"}
    assert history.position == (3, 0)


def test_the_best_count_as_far_as_the_run_is_taken_up_from():
    def best(iteration, removed=()):
        return Best(iteration=iteration, step=0, prompt_set="set", score="s", checkpoints=[], removed=list(removed))

    told = [checkpoint(2, "a"), best(2), checkpoint(4, "b"), best(4, removed=["a"])]
    assert set(History.of(told).best) == {2, 4} and History.of(told).checkpoints == {"b"}
    assert set(History.of([*told, Resumed(iteration=2, step=4, checkpoint="a")]).best) == {2}


def test_a_half_written_line_is_left_out(tmp_path):
    writer = EventWriter(tmp_path)
    writer.write(STARTED)
    writer.close()
    with (tmp_path / "events.jsonl").open("a") as file:
        file.write('{"type": "evalu')
    assert History.read(tmp_path).has_started
