"""The tree that the form is drawn from."""

from flowdppo_engine.config import RunConfig
from runs.config_texts import texts_of
from runs.knobs import Bounds, Kind, Knob, Union, config_tree, label_of, walk

NODES = {node.dotted: node for node in walk(config_tree())}


def test_every_value_of_a_configuration_has_a_knob():
    texts = texts_of(RunConfig().model_dump(mode="json"))
    knobs = {path for path, node in NODES.items() if isinstance(node, Knob | Union)}
    # A list of blocks shows those that it has.
    shown = ("rewards.sandbox_soft_tifa.", "rewards.sandbox_picture_quality.")
    assert set(texts) == {path for path in knobs if not path.startswith("rewards.") or path.startswith(shown)}
    assert len(knobs) > 50


def test_a_knob_knows_its_kind_bounds_and_help():
    rank = NODES["lora.rank"]
    assert (rank.kind, rank.bounds, rank.essential) == (Kind.INTEGER, Bounds(minimum=1, maximum=512), True)
    assert rank.help == "Rank of the LoRA matrices."
    clip_range = NODES["trust_region.ratio_clip.clip_range"]
    assert (clip_range.kind, clip_range.bounds) == (Kind.NUMBER, Bounds(above=0, below=1))
    assert NODES["model.resolution"].bounds.multiple_of == 8
    assert NODES["rollout.dynamics.name"].choices == ("flow_sde", "dance_sde", "cps", "ode")
    trackers = NODES["tracking.trackers"]
    assert (trackers.kind, trackers.choices) == (Kind.CHOICES, ("tensorboard", "wandb", "trackio"))
    guidance = NODES["update.guidance_scale"]
    assert (guidance.kind, guidance.optional, guidance.bounds) == (Kind.NUMBER, True, Bounds(minimum=1, maximum=30))
    assert NODES["rollout.shared_initial_noise"].kind == Kind.TOGGLE
    assert NODES["lora.target_modules"].kind == Kind.LINES
    assert (NODES["model.revision"].kind, NODES["model.revision"].optional) == (Kind.TEXT, True)


def test_unions_know_their_variants():
    trust_region, rewards = NODES["trust_region"], NODES["rewards"]
    assert [variant.key for variant in trust_region.variants] == [
        *("divergence_mask", "predictive_mask", "ratio_clip", "ratio_norm_clip"),
        *("kl_penalty", "adaptive_clip", "none"),
    ]
    assert rewards.variants[0].key == "sandbox_soft_tifa"
    judge = NODES["rewards.vlm_judge.answer"]
    assert [variant.key for variant in judge.variants] == ["score", "yes_probability"]
    assert (trust_region.many, rewards.many) == (False, True)
    assert trust_region.discriminator not in {node.path[-1] for node in walk(trust_region) if isinstance(node, Knob)}


def test_labels_read_as_words():
    assert [label_of(key) for key in ("group_size", "num_prompts", "lr", "ema")] == [
        "Group size",
        "Prompts",
        "Learning rate",
        "EMA",
    ]
