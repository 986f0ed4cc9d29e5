"""Another recipe under what was changed by hand."""

from flowdppo_engine.recipes import load_recipe
from runs.config_texts import texts_of
from runs.entries import lists
from runs.entry_edits import with_block
from runs.recipe_switch import switch_recipe

DPPO = texts_of(load_recipe("sandbox-flow-dppo").model_dump(mode="json"))
GRPO = texts_of(load_recipe("sandbox-flow-grpo").model_dump(mode="json"))


def paths(changes) -> list[str]:
    return [change.node.dotted for change in changes]


def test_without_changes_the_form_is_the_new_recipes():
    switch = switch_recipe(DPPO, DPPO, GRPO)
    assert (switch.texts, switch.kept, switch.left) == (GRPO, (), ())


def test_what_has_a_place_stays_and_what_has_none_is_told():
    threshold = "trust_region.divergence_mask.threshold.value"
    switch = switch_recipe(DPPO | {"lora.rank": ["many"], threshold: ["2"]}, DPPO, GRPO)
    assert switch.texts == GRPO | {"lora.rank": ["many"]}
    assert (paths(switch.kept), paths(switch.left)) == (["lora.rank"], [threshold])


def test_a_choice_that_was_made_is_kept_with_what_was_typed_into_it():
    clip = "trust_region.adaptive_clip"
    below = next(path for path in DPPO if path.startswith(f"{clip}."))
    switch = switch_recipe(DPPO | {"trust_region": ["adaptive_clip"], below: ["0.123"]}, DPPO, GRPO)
    assert paths(switch.kept) == ["trust_region", below]
    assert (switch.texts["trust_region"], switch.texts[below]) == (["adaptive_clip"], ["0.123"])


def test_a_list_to_which_something_was_added_is_taken_whole():
    (rewards,) = lists()
    typed = with_block(DPPO, rewards, "jpeg_compressibility")
    typed["rewards.jpeg_compressibility.weight"] = ["3"]
    switch = switch_recipe(typed, DPPO, GRPO)
    assert paths(switch.kept) == ["rewards"]
    assert switch.texts["rewards"] == typed["rewards"]
    assert switch.texts["rewards.jpeg_compressibility.weight"] == ["3"]
