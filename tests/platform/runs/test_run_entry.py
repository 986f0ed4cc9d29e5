"""The page of a new run: form and YAML of one configuration, recipes, clones, and what stands beside the form."""

import re

import pytest
from django.urls import reverse

from flowdppo_engine.config import RunConfig
from runs import summaries
from runs.models import Experiment, Run
from tests.platform.forms import fields_of
from tests.platform.lab import CONFIG, add_point, add_run

YAML, FORM = {"view": ["yaml"]}, {"view": ["form"]}


@pytest.fixture
def address(lab) -> str:
    return reverse("run_new", args=[lab.experiment.id])


@pytest.fixture
def fields(member, address) -> dict[str, list[str]]:
    return fields_of(member.get(address).text)


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def aside(page: str) -> str:
    return words(page.split("<aside")[1].split("</aside>")[0])


def check(member, lab, fields) -> str:
    return words(member.post(reverse("run_check", args=[lab.experiment.id]), fields).text)


def test_form_to_yaml_and_back_loses_nothing(member, address, fields):
    typed = fields | {
        "name": ["Mine"],
        "config.lora.rank": ["many"],
        "config.trust_region.ratio_clip.clip_range": ["0.5"],
        "axes": ["lora.rank: 1, 2"],
    }
    shown = fields_of(member.post(address, typed | YAML).text)
    assert "rank: many" in shown["yaml"][0] and shown["shown"] == ["yaml"]
    refused = fields_of(member.post(address, shown | FORM).text)
    assert refused["yaml"] == shown["yaml"]
    mended = shown | {"yaml": [shown["yaml"][0].replace("rank: many", "rank: 8")]}
    back = fields_of(member.post(address, mended | FORM).text)
    assert back == typed | {"config.lora.rank": ["8"]}


def test_yaml_that_does_not_fit_says_so_by_line_and_stays(member, address, fields, lab):
    shown = fields_of(member.post(address, fields | YAML).text) | {"yaml": ["seed: 1\nlora: {rank: 0}\n"]}
    page = member.post(address, shown)
    assert page.status_code == 422 and "Not submitted: 1 field to put right." in words(page.text)
    assert "Line 2 rank “0” does not fit: give a whole number from 1 to 512." in aside(page.text)
    assert fields_of(page.text)["yaml"] == ["seed: 1\nlora: {rank: 0}\n"]
    assert "It shows once the YAML reads as a configuration." in check(member, lab, shown)


def test_yaml_is_submitted_as_the_form_is(member, address, fields):
    shown = fields_of(member.post(address, fields | YAML).text)
    member.post(address, shown | {"yaml": ["seed: 41\niterations: 2\n"], "name": ["From YAML"]})
    run = Run.objects.get(name="From YAML")
    assert RunConfig.model_validate(run.config) == RunConfig(seed=41, iterations=2)


def test_another_recipe_keeps_what_was_changed_and_says_what_it_left_out(member, address, fields):
    threshold = "config.trust_region.divergence_mask.threshold.value"
    typed = fields | {"config.lora.rank": ["8"], threshold: ["2"], "recipe": ["sandbox-flow-grpo"]}
    page = member.post(address, typed, HTTP_HX_REQUEST="true").text
    shown = fields_of(page)
    assert (shown["config.lora.rank"], shown["config.trust_region"]) == (["8"], ["ratio_clip"])
    assert shown["shown_recipe"] == ["sandbox-flow-grpo"]
    text = words(page)
    assert "Kept on the new recipe: LoRA · Rank 8." in text
    assert "no place for it: Trust region · Divergence mask · Threshold · Value 2." in text
    assert Run.objects.filter(recipe="sandbox-flow-grpo").count() == 0


def test_another_recipe_goes_under_yaml_too(member, address, fields):
    shown = fields_of(member.post(address, fields | {"config.lora.rank": ["8"]} | YAML).text)
    moved = fields_of(member.post(address, shown | {"recipe": ["sandbox-flow-grpo"]}).text)
    assert "name: ratio_clip" in moved["yaml"][0] and "rank: 8" in moved["yaml"][0]
    broken = shown | {"yaml": ["seed: ["], "recipe": ["sandbox-flow-grpo"]}
    assert fields_of(member.post(address, broken).text)["yaml"] == ["seed: ["]


def test_a_change_is_taken_back_by_its_button(member, address, fields):
    typed = fields | {"config.lora.rank": ["8"], "config.seed": ["5"]}
    page = member.post(address, typed | {"reset": ["lora.rank"]}).text
    assert fields_of(page) == fields | {"config.seed": ["5"]}
    assert "Seed 0 → 5" in aside(page) and "Rank" not in aside(page)


def test_what_stands_beside_the_form_follows_what_is_typed(member, lab, fields):
    typed = fields | {"config.lora.rank": ["0"], "config.seed": ["5"], "num_gpus": ["many"]}
    text = check(member, lab, typed)
    assert "LoRA · Rank “0” does not fit: give a whole number from 1 to 512." in text
    assert "GPUs It does not fit: give a whole number from 1 to" in text
    assert "Seed 0 → 5 Reset" in text and "It shows once every value fits." in text
    calm = check(member, lab, fields)
    assert "Nothing: as the recipe has it." in calm and "images to train on" in calm


def test_gpus_that_do_not_divide_the_groups_are_refused(member, address, fields):
    page = member.post(address, fields | {"num_gpus": ["7"]})
    assert page.status_code == 422 and "cannot be divided by 7" in aside(page.text)


def test_hours_are_told_once_a_run_was_timed(member, lab, fields):
    assert "About" not in check(member, lab, fields)
    run = add_run(lab.experiment, config=RunConfig.model_validate(CONFIG).model_dump(mode="json"))
    add_point(run, "time/images_per_second", 1, 20.0)
    summaries.refresh(run.id)
    assert re.search(r"About [\d.]+ (h|min|s) , at the speed of your team", check(member, lab, fields))


def test_a_clone_tells_both_differences_and_where_it_came_from(member, address, lab):
    source = add_run(lab.experiment, "First light", config=CONFIG | {"iterations": 70}, priority=1, num_gpus=2)
    page = member.get(address, {"like": str(source.id)}).text
    shown = fields_of(page)
    assert (shown["like"], shown["priority"], shown["num_gpus"]) == ([str(source.id)], ["1"], ["2"])
    assert "Iterations 90 → 70 Reset" in aside(page)
    assert "Different from First light Nothing yet: it would be the same run again." in aside(page)
    changed = shown | {"config.seed": ["9"]}
    assert "Different from First light Seed 0 → 9" in check(member, lab, changed)
    member.post(address, changed)
    clone = Run.objects.get(name="First light 2")
    assert (clone.cloned_from, clone.priority, clone.num_gpus) == (source, 1, 2)
    assert (clone.config["seed"], clone.config["iterations"]) == (9, 70)


def test_a_clone_of_an_older_release_differs_only_in_what_it_says(member, address, lab):
    config = {key: value for key, value in CONFIG.items() if key != "ema"}
    source = add_run(lab.experiment, "Old", config=config | {"iterations": 70})
    page = member.get(address, {"like": str(source.id)}).text
    assert "Different from Old Nothing yet" in aside(page)
    unknown = add_run(lab.experiment, "Gone", config=config, recipe="alchemy")
    shown = fields_of(member.get(address, {"like": str(unknown.id)}).text)
    assert shown["shown_recipe"] == ["sandbox-flow-dppo"] and shown["config.ema.decay"] == ["0.9"]


def test_yaml_that_names_a_missing_file_still_tells_what_differs(member, lab, address, fields):
    shown = fields_of(member.post(address, fields | YAML).text)
    shown["yaml"] = [shown["yaml"][0].replace("train: sandbox:train", "train: sandbox:nothing")]
    text = check(member, lab, shown)
    assert "train Prompt set" in text and "Prompts · Train sandbox:train → sandbox:nothing Reset" in text


def test_a_run_of_another_team_is_no_source(member, address, fields, lab):
    theirs = Run.objects.filter(experiment=Experiment.objects.exclude(team=lab.team).get()).get()
    member.post(address, fields | {"like": [str(theirs.id)], "name": ["Sly"]})
    assert Run.objects.get(name="Sly").cloned_from is None


def test_a_draft_comes_back_as_it_was(member, address, fields):
    typed = fields | {"config.lora.rank": ["many"], "name": ["Draft"]}
    page = member.post(address, typed | {"restore": ["draft"]}, HTTP_HX_REQUEST="true").text
    assert fields_of(page) == {name: texts for name, texts in typed.items() if name != "recipe"}
    assert "What you typed before is back." in page


def test_a_form_that_describes_a_sweep_does_not_become_one_run(member, address, fields):
    page = member.post(address, fields | {"axes": ["lora.rank: 1, 2"], "name": ["Slip"]})
    assert page.status_code == 422 and "press “Review the sweep”" in page.text
    assert not Run.objects.filter(name="Slip").exists()


def test_a_priority_that_is_none_is_refused(member, address, fields):
    page = member.post(address, fields | {"priority": ["9"]})
    assert page.status_code == 422 and "“9” is no priority" in page.text
