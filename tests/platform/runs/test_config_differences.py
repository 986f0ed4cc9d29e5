"""Where a form departs from its recipe, in words."""

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import load_recipe
from runs.config_differences import find_differences, live_nodes
from runs.config_texts import texts_of
from runs.entries import lists
from runs.entry_edits import with_block, without_block


def texts_of_recipe(name: str = "sandbox-flow-dppo"):
    return texts_of(load_recipe(name).model_dump(mode="json"))


def said(texts, others) -> dict[str, tuple[str, str]]:
    return {one.node.dotted: (one.before, one.after) for one in find_differences(texts, others)}


def test_a_form_as_the_recipe_has_it_differs_in_nothing():
    assert find_differences(texts_of_recipe(), texts_of_recipe()) == ()


def test_values_of_every_kind_are_told_in_words():
    before = texts_of(RunConfig().model_dump(mode="json"))
    changes = {
        "lora.rank": [" 8 "],
        "rollout.shared_initial_noise": ["on"],
        "model.revision": ["main"],
        "evaluation.prompt_sets": ["one\r\n\r\n two"],
        "tracking.trackers": ["wandb", "tensorboard"],
    }
    assert said(before | changes, before) == {
        "lora.rank": ("16", "8"),
        "rollout.shared_initial_noise": ("off", "on"),
        "model.revision": ("–", "main"),
        "evaluation.prompt_sets": ("sandbox:in_domain, sandbox:out_of_domain", "one, two"),
        "tracking.trackers": ("–", "tensorboard, wandb"),
    }


def test_a_variant_that_is_not_chosen_does_not_count():
    texts = texts_of_recipe() | {"trust_region.ratio_clip.clip_range": ["0.5"]}
    assert said(texts, texts_of_recipe()) == {}
    chosen = texts | {"trust_region": ["ratio_clip"]}
    assert said(chosen, texts_of_recipe()) == {
        "trust_region": ("divergence_mask", "ratio_clip"),
        "trust_region.ratio_clip.clip_range": ("0.0001", "0.5"),
    }
    assert "trust_region.divergence_mask.threshold.value" not in {node.dotted for node in live_nodes(chosen)}


def test_rewards_that_come_and_go_are_one_difference():
    (rewards,) = lists()
    before = texts_of_recipe()
    more = with_block(before, rewards, "jpeg_compressibility")
    names = ", ".join(before["rewards"])
    assert said(more, before) == {"rewards": (names, f"{names}, jpeg_compressibility")}
    fewer = without_block(before, rewards, before["rewards"][0])
    assert said(fewer, before) == {"rewards": (names, before["rewards"][1])}


def test_a_label_has_the_whole_path():
    texts = texts_of_recipe() | {"trust_region.divergence_mask.threshold.value": ["1"]}
    (one,) = find_differences(texts, texts_of_recipe())
    assert one.label == "Trust region · Divergence mask · Threshold · Value"
    assert one.id == "config-trust_region-divergence_mask-threshold-value"
