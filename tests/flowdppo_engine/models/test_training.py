"""A run of every family, from the folder it is loaded from to the checkpoint that plain diffusers loads."""

import pytest

from flowdppo_engine.events import parse_event
from flowdppo_engine.training.run import train
from tests.flowdppo_engine.models.tiny import NAMES, tiny_family
from tests.flowdppo_engine.tiny_run import tiny_config


@pytest.mark.parametrize("name", NAMES)
def test_a_run_trains_the_family(name, prompts_file, tmp_path):
    family = tiny_family(name)
    family.make_pipeline().save_pretrained(tmp_path / "base")
    num_frames = family.config().num_frames
    reward = {"name": "jpeg_compressibility", **({"frames": {"num_frames": num_frames}} if num_frames > 1 else {})}
    config = tiny_config(
        tmp_path / "base",
        prompts_file,
        iterations=1,
        model={"family": name, **family.fields},
        rewards=[reward],
        rollout={"groups_per_iteration": 2, "guidance_scale": 2.0, "schedule": "pipeline", "batch_size": 8},
        evaluation={"every": 1, "num_prompts": 2},
        samples={"every": 1, "num_prompts": 1},
        checkpoint={"every": 1},
    )
    assert train(config, tmp_path / "run") == 0
    events = [parse_event(line) for line in (tmp_path / "run" / "events.jsonl").read_bytes().splitlines()]
    metrics = next(event.values for event in events if event.type == "metrics")
    assert metrics["floor/ratio_deviation"] < 1e-4 and metrics["floor/kl_mean"] < 1e-9
    assert metrics["optim/grad_norm"] > 0 and metrics["optim/skipped_steps"] == 0
    assert metrics["reward/std"] > 0

    plain = family.make_pipeline()
    plain.load_lora_weights(next((tmp_path / "run" / "checkpoints").glob("step-*")))
    (loaded,) = plain.transformer.peft_config.values()
    assert (loaded.r, loaded.lora_alpha) == (config.lora.rank, config.lora.alpha)
    assert any(value.any() for key, value in plain.transformer.state_dict().items() if ".lora_B." in key)
