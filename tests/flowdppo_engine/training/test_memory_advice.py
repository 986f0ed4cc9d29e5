"""Real allocations that no machine can serve, in each phase of a run, and what the hint then says."""

import re
import traceback

import pytest
import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.events import parse_event
from flowdppo_engine.recipes import apply_overrides
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import run
from flowdppo_engine.training.memory_advice import KNOBS, knobs_of, ran_out_of_memory
from tests.flowdppo_engine.brightness import Brightness, brightness_suite

LARGE_BATCHES = {"evaluation": {"batch_size": 64}, "rollout": {"batch_size": 16}, "update": {"tile_samples": 8}}


def exhaust():
    torch.empty(2**52)


class Large(Brightness):
    def measure(self, images, prompts):
        exhaust()


def exhaust_within(owner, name, place):
    """Have `owner.name` ask for more than there is where the engine's file `place` is on the stack."""
    original = getattr(owner, name)

    def greedy(*args, **options):
        if any(frame.filename.endswith(place) for frame in traceback.extract_stack()):
            exhaust()
        return original(*args, **options)

    setattr(owner, name, greedy)


def fail(config, folder, **options):
    """Where the hint says that memory ran out, and the first thing that it says would help."""
    assert run.train(config, folder, **{"rewards": brightness_suite(), **options}) == 1
    failed = parse_event((folder / "events.jsonl").read_bytes().splitlines()[-1])
    assert not failed.deterministic
    phase, knobs = re.fullmatch(r"Out of memory in (.*)\. What would help, most first: (.*)\.", failed.hint).groups()
    return phase, knobs.split("; ")[0]


@pytest.mark.parametrize(
    ("part", "place", "phase", "first"),
    [
        ("encode_prompt", "conditions.py", "the encoding of prompts", "model.dtype = bfloat16"),
        ("network", "training/sampler.py", "the rollout", "rollout.batch_size = 8 or less (now 16)"),
        ("vae", "training/sampler.py", "decoding", "rollout.batch_size = 8 or less (now 16)"),
        ("network", "training/update.py", "the update", "update.tile_samples = 4 or less (now 8)"),
        ("network", "evaluation/evaluator.py", "an evaluation", "evaluation.batch_size = 32 or less (now 64)"),
        ("vae", "evaluation/pictures.py", "an evaluation", "evaluation.batch_size = 32 or less (now 64)"),
    ],
)
def test_the_phase_is_told_and_what_helps_most_there_comes_first(
    make_config, make_model, tmp_path, part, place, phase, first
):
    model = make_model()
    owner, name = {
        "network": (model.network, "forward"),
        "vae": (model.pipeline.vae, "decode"),
        "encode_prompt": (model.pipeline, "encode_prompt"),
    }[part]
    exhaust_within(owner, name, place)
    assert fail(make_config(**LARGE_BATCHES), tmp_path / "run", model=model) == (phase, first)


def test_a_reward_is_told_from_the_rollout_that_waits_for_it(make_config, tmp_path):
    suite = RewardSuite({Large(): 1.0})
    assert fail(make_config(), tmp_path / "run", rewards=suite) == ("a reward", "model.dtype = bfloat16")


LARGE = RunConfig.model_validate(
    {
        "model": {"source": "/models/sd35", "resolution": 512, "max_sequence_length": 256},
        "rollout": {"guidance_scale": 4.5},
        "update": {"tile_samples": 4, "tile_steps": 2, "guidance_gradient": "both"},
        "prompts": {"train": "prompts.txt"},
        "rewards": [{"name": "pick_score"}, {"name": "clip_score", "device": "cpu", "batch_size": 1}],
    }
)
SMALL = RunConfig.model_validate(
    {
        "model": {"source": "/models/sd35", "resolution": 512, "dtype": "bfloat16", "gradient_checkpointing": True,
                  "offload_idle": True},
        "rollout": {"batch_size": 1},
        "update": {"tile_samples": 1},
        "evaluation": {"batch_size": 1},
        "prompts": {"train": "prompts.txt"},
        "rewards": [{"name": "pick_score", "device": "cpu", "dtype": "bfloat16", "batch_size": 1}],
        "lora": {"rank": 1},
    }
)  # fmt: skip


def fields(knobs):
    return [re.match(r"[\w.]+", knob).group() for knob in knobs]


def test_what_helps_an_update_comes_in_order():
    assert fields(knobs_of("the update", LARGE)) == [
        "update.tile_samples",
        "update.tile_steps",
        "model.gradient_checkpointing",
        "update.guidance_gradient",
        "model.dtype",
        "model.offload_idle",
        "rewards.pick_score.device",
        "model.resolution",
        "lora.rank",
    ]


def test_what_helps_a_reward_names_each_reward_by_what_it_still_can_do():
    knobs = fields(knobs_of("a reward", LARGE))
    assert knobs[0] == "rewards.pick_score.batch_size"
    assert {knob for knob in knobs if knob.startswith("rewards.clip_score")} == {"rewards.clip_score.dtype"}


@pytest.mark.parametrize("phase", [*KNOBS, "training"])
def test_nothing_is_advised_that_is_done_already(phase):
    assert set(fields(knobs_of(phase, SMALL))) <= {"model.resolution", "rollout.groups_per_iteration"}


@pytest.mark.parametrize("phase", [*KNOBS, "training"])
def test_every_advice_can_be_followed(phase):
    told = [re.match(r"([\w.]+) = (\w+)", knob) for knob in knobs_of(phase, LARGE)]
    changes = [f"{match[1]}={match[2]}" for match in told if match and not match[1].startswith("rewards.")]
    assert changes
    RunConfig.model_validate(apply_overrides(LARGE.model_dump(), changes))


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (caused(ValueError("reward failed"), MemoryError()), True),
        (ValueError("the server says: out of memory"), False),
        (RuntimeError("shapes do not match"), False),
    ],
)
def test_out_of_memory_is_known_by_its_type_and_by_torchs_words(error, is_memory):
    assert ran_out_of_memory(error) is is_memory
