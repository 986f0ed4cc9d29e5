"""Dry runs in this process, on the tiny model and its six prompts."""

import numpy as np
import pytest
import torch
from PIL import Image

from flowdppo_engine.config import RunConfig
from flowdppo_engine.jobs import pictures
from flowdppo_engine.jobs.score import wanted_pictures
from flowdppo_engine.jobs.specs import ScoreJob
from tests.flowdppo_engine.jobs.folders import of_type, work
from tests.flowdppo_engine.tiny_run import PROMPTS


@pytest.fixture
def drawn(make_config, tmp_path):
    config = make_config(
        rewards=[{"name": "sandbox_picture_quality", "weight": 1}, {"name": "jpeg_compressibility", "weight": 0}]
    )
    job = ScoreJob(config=config, num_prompts=2, images_per_prompt=3)
    return job, *work("score", job, tmp_path)


def samples_of(events):
    return [sample for event in of_type(events, "samples") for sample in event.samples]


def test_base_model_pictures_are_scored_and_told_a_prompt_at_a_time(drawn, tmp_path):
    job, code, events = drawn
    assert code == 0 and events[-1].type == "finished"
    assert [len(event.samples) for event in of_type(events, "samples")] == [3, 3]
    samples = samples_of(events)
    assert [(one.index, one.prompt, one.seed) for one in samples] == [
        (place, PROMPTS[place // 3], place % 3) for place in range(6)
    ]
    assert all((tmp_path / one.path).is_file() for one in samples)
    (scored,) = of_type(events, "scored")
    assert scored.totals == [one.rewards["sandbox_picture_quality"] for one in samples]
    by_name = {reward.name: reward for reward in scored.rewards}
    values = np.array([one.rewards["jpeg_compressibility"] for one in samples])
    assert by_name["jpeg_compressibility"].mean == pytest.approx(values.mean())
    assert by_name["jpeg_compressibility"].group_std == pytest.approx(values.reshape(2, 3).std(axis=1).mean())
    assert by_name["sandbox_picture_quality"].seconds_per_image > 0


def test_progress_tells_what_how_far_and_how_long_still(drawn):
    _, _, events = drawn
    phases = of_type(events, "phase")
    assert [phase.phase for phase in phases][:3] == ["load", "encode", "evaluate"]
    assert (phases[2].done, phases[2].total, phases[2].unit) == (0, 6, "pictures")


def test_a_second_start_tells_nothing_twice(drawn, tmp_path):
    job, _, events = drawn
    code, again = work("score", job, tmp_path)
    assert code == 0 and again == events


def test_a_start_after_a_death_does_what_is_left(drawn, tmp_path, monkeypatch):
    job, _, whole = drawn
    told = next(place for place, event in enumerate(whole) if event.type == "samples")
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "events.jsonl").write_bytes(b"".join(lines[: told + 1]) + b'{"type": "samp')
    asked = []
    draw = pictures.draw
    monkeypatch.setattr(pictures, "draw", lambda *args: asked.append(len(args[3])) or draw(*args))
    code, events = work("score", job, tmp_path)
    assert code == 0 and asked == [3]
    assert samples_of(events) == samples_of(whole)
    (scored,) = of_type(events, "scored")
    assert scored.totals == of_type(whole, "scored")[0].totals


def test_given_pictures_are_scored_at_the_size_of_the_model(make_config, tmp_path):
    (tmp_path / "inputs").mkdir()
    sizes, given = [(40, 20), (16, 16)], []
    for place, size in enumerate(sizes):
        Image.new("RGB", size, (255 * place, 0, 0)).save(tmp_path / "inputs" / f"{place}.png")
        given.append({"file": f"inputs/{place}.png", "prompt": "a red cat"})
    config = make_config(rewards=[{"name": "jpeg_compressibility"}])
    code, events = work("score", ScoreJob(config=config, given=given), tmp_path)
    assert code == 0 and of_type(events, "scored")[0].num_groups == 1
    for sample, colour in zip(samples_of(events), (0, 255), strict=True):
        with Image.open(tmp_path / sample.path) as image:
            assert (image.size, image.getpixel((0, 0))) == ((16, 16), (colour, 0, 0))


def test_prompts_of_a_set_come_with_their_questions():
    job = ScoreJob(config=RunConfig(), prompts=[], num_prompts=1, images_per_prompt=2)
    known = wanted_pictures(job)[0].prompt
    assert known.questions
    typed = ScoreJob(config=RunConfig(), prompts=[known.text, "the sea"], images_per_prompt=1)
    assert [bool(one.prompt.questions) for one in wanted_pictures(typed)] == [True, False]
    given = ScoreJob(config=RunConfig(), given=[{"file": "a.png", "prompt": known.text}])
    assert wanted_pictures(given)[0].prompt == known


def test_rewards_that_ask_are_left_out_and_named_where_no_prompt_has_a_question(make_config, tmp_path):
    rewards = [{"name": "sandbox_soft_tifa"}, {"name": "sandbox_picture_quality", "weight": 2}]
    config = make_config(rewards=rewards, prompts={"train": "sandbox:train"})
    job = ScoreJob(config=config, prompts=["the sea"], images_per_prompt=2)
    code, events = work("score", job, tmp_path)
    (scored,) = of_type(events, "scored")
    assert code == 0 and scored.left_out == ["sandbox_soft_tifa"]
    assert [reward.name for reward in scored.rewards] == ["sandbox_picture_quality"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"rewards": [{"name": "sandbox_soft_tifa"}], "prompts": {"train": "sandbox:train"}},
            "every reward of the run asks some",
        ),
        ({"prompts": {"train": "/no/such.txt"}}, "prompts.train: prompt set '/no/such.txt' was not found"),
    ],
)
def test_what_cannot_be_scored_is_said_before_anything_is_loaded(make_config, tmp_path, changes, message):
    config = make_config(**changes)
    code, events = work("score", ScoreJob(config=config, prompts=["the sea"]), tmp_path)
    assert code == 2 and [event.type for event in events] == ["failed"]
    assert message in events[0].error and events[0].deterministic


def test_a_video_model_gives_videos(make_config, tmp_path, monkeypatch):
    class Videos:
        def get(self, some):
            return torch.rand(len(some), 5, 3, 16, 16)

    monkeypatch.setattr("flowdppo_engine.jobs.score.DrawnPictures", lambda *args: Videos())
    config = make_config(rewards=[{"name": "jpeg_compressibility"}])
    config = config.model_copy(update={"model": config.model.model_copy(update={"num_frames": 5})})
    monkeypatch.setattr("flowdppo_engine.jobs.work.read_job", lambda *_: ScoreJob.model_construct(
        config=config, given=(), prompts=("a red cat",), num_prompts=1, images_per_prompt=2
    ))  # fmt: skip
    code, events = work("score", ScoreJob(config=RunConfig()), tmp_path)
    assert code == 0 and [one.path for one in samples_of(events)] == ["samples/0000.webp", "samples/0001.webp"]
