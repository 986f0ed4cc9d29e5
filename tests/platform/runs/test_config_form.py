"""The form of a new run, as it is drawn and as it is sent."""

import re

import pytest
from django.http import QueryDict
from django.urls import reverse

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import load_recipe, recipes_by_family
from runs.config_form import BoundKnob, ConfigForm, texts_in
from runs.models import Run
from runs.server_paths import on_this_server
from tests.platform.forms import adding, fields_of, removing
from tests.platform.lab import add_run

FAMILIES = recipes_by_family()
# Every kind of block is in one of these; that each recipe survives the form is shown by test_config_texts.
RECIPES = [recipe.name for recipe in FAMILIES["Sandbox"]] + [some[-1].name for some in FAMILIES.values()]


@pytest.fixture
def address(lab) -> str:
    return reverse("run_new", args=[lab.experiment.id])


@pytest.fixture
def fields(member, address) -> dict[str, list[str]]:
    """What a browser would send of the form as it opens."""
    return fields_of(member.get(address).text)


@pytest.fixture
def prompt_files(settings, tmp_path):
    """The prompt files that recipes name, as an operator has put them into the data folder."""
    settings.PROMPTS_DIR = tmp_path / "prompts"
    settings.PROMPTS_DIR.mkdir()
    question = '{"prompt": "a cat", "vqa_list": [["Is there a cat?", "Yes"]]}'
    for name in ("geneval2-train.jsonl", "geneval2.jsonl"):
        (settings.PROMPTS_DIR / name).write_text(question)
    for name in ("pickscore-test.txt", "video-train.txt", "video-test.txt"):
        (settings.PROMPTS_DIR / name).write_text("a cat that runs")


def submitted(**texts: str) -> ConfigForm:
    post = QueryDict(mutable=True)
    post.update({f"config.{path.replace('__', '.')}": text for path, text in texts.items()})
    return ConfigForm(RunConfig(), texts_in(post)).judged()[0]


def test_the_short_form_has_the_essential_knobs_and_the_sections_the_rest():
    form = ConfigForm(RunConfig())
    essentials = [knob.node.dotted for knob in form.essentials]
    assert essentials[:3] == ["seed", "iterations", "lora.rank"]
    assert all(knob.node.essential for knob in form.essentials)
    sections = [section.node.dotted for section in form.sections]
    assert sections[:3] == ["model", "lora", "prompts"]
    assert "optimizer" in sections and "seed" not in sections


def test_a_section_tells_its_values_while_it_is_folded():
    sections = {section.node.dotted: section for section in ConfigForm(RunConfig()).sections}
    assert sections["ema"].summary == "decay 0.9 · every 1 · schedule constant"
    mask = "divergence_mask · value 1e-6 · scale mean · asymmetric on · measured_on transition"
    assert sections["trust_region"].summary == mask
    assert sections["tracking"].summary == "trackers – · project flowdppo"
    assert sections["objective"].summary == "policy_gradient"
    assert "shared_initial_noise off" in sections["rollout"].summary


def test_only_sections_with_errors_are_open():
    form = submitted(**{"ema__decay": "2"})
    attention = {section.node.dotted for section in form.sections if section.needs_attention}
    assert "ema" in attention
    good = ConfigForm(RunConfig())
    assert not any(section.needs_attention for section in good.sections)


def test_each_problem_is_listed_once_with_the_field_where_it_is_put_right():
    errors = {"": ["Whole.", "Knob."], "rollout.dynamics": ["Block."], "lora.rank": ["Knob."]}
    form = ConfigForm(RunConfig(), errors=errors)
    listed = [(problem.message, problem.id, problem.label) for problem in form.problems]
    assert listed == [("Whole.", "", ""), ("Knob.", "config-lora-rank", "LoRA · Rank"), ("Block.", "", "")]
    rank: BoundKnob = next(knob for knob in form.essentials if knob.node.dotted == "lora.rank")
    assert rank.errors == ["Knob."]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_sent_as_it_opens_queues_that_very_configuration(name, member, address, lab, prompt_files):
    fields = fields_of(member.get(address, {"recipe": name}).text)
    response = member.post(address, fields)
    run = Run.objects.get(experiment=lab.experiment)
    assert response["Location"] == reverse("run", args=[run.id])
    assert RunConfig.model_validate(run.config) == on_this_server(load_recipe(name))
    assert (run.state, run.total_iterations) == ("queued", load_recipe(name).iterations)


def test_what_was_typed_is_what_is_queued(member, address, fields):
    fields |= {
        "name": ["Three seeds"],
        "config.seed": ["7"],
        "config.trust_region": ["ratio_clip"],
        "config.trust_region.ratio_clip.clip_range": ["2e-3"],
        "config.rewards": ["sandbox_picture_quality"],
        "config.rewards.sandbox_picture_quality.weight": ["0.5"],
    }
    member.post(address, fields)
    config = RunConfig.model_validate(Run.objects.get(name="Three seeds").config)
    assert config.seed == 7
    assert config.trust_region.model_dump() == {"name": "ratio_clip", "clip_range": 0.002}
    assert [reward.weight for reward in config.rewards] == [0.5]


def test_recipes_are_grouped_by_family_and_the_chosen_one_is_described(member, address):
    page = member.get(address, {"recipe": "sd3.5-flow-grpo"}).text
    groups = re.findall(r'<optgroup label="([^"]+)">', page)
    assert groups == list(FAMILIES) and groups[0] == "Sandbox"
    assert fields_of(page)["recipe"] == ["sd3.5-flow-grpo"]
    about = page.split('id="recipe-about"')[1].split("</p>")[0]
    assert "PPO&#x27;s ratio clip." in about and "SD3.5-M, numbers from: paper, main results." in about
    part = member.get(address, {"recipe": "sandbox-smoke"}, HTTP_HX_REQUEST="true").text
    assert 'id="recipe-about" hx-swap-oob="true"' in part and "under a minute" in part


def test_a_prompt_file_that_is_not_there_is_told_with_the_place_where_it_belongs(member, address, settings, tmp_path):
    settings.PROMPTS_DIR = tmp_path / "prompts"
    fields = fields_of(member.get(address, {"recipe": "sd3.5-flow-dppo"}).text)
    assert fields["config.prompts.train"] == ["prompts/geneval2-train.jsonl"]
    page = member.post(address, fields).text
    field = page.split('id="config-prompts-train"')[1].split("</div>")[0]
    assert str(tmp_path / "prompts" / "geneval2-train.jsonl") in field and "was not found" in field


def test_every_kind_of_block_is_drawn_filled_and_read_back(member, address):
    fields = fields_of(member.get(address, {"recipe": "sandbox-flow-dppo"}).text)
    for kind in ("vlm_judge", "custom"):
        fields = fields_of(member.post(address, fields | adding(kind)).text)
    fields = fields_of(member.post(address, fields | removing("sandbox_picture_quality")).text)
    fields |= {
        "name": ["Everything"],
        "config.tracking.trackers": ["tensorboard", "wandb"],
        "config.rollout.stochastic_steps": ["sliding_window"],
        "config.rollout.stochastic_steps.sliding_window.order": ["random"],
        "config.update.guidance_scale": [" 1.5 "],
        "config.model.width": ["96"],
        "config.trust_region": ["kl_penalty"],
        "config.trust_region.kl_penalty.target.scale": ["tv"],
        "config.trust_region.kl_penalty.target.value": ["0.05"],
        "config.lora.target_modules": ["attn.to_q\r\nattn.to_k"],
        "config.rewards.vlm_judge.url": ["http://judge:8000/v1"],
        "config.rewards.vlm_judge.model": ["qwen"],
        "config.rewards.vlm_judge.answer": ["yes_probability"],
        "config.rewards.custom.entry_point": ["mine"],
        "config.rewards.custom.options": ["threshold=0.5"],
    }
    response = member.post(address, fields)
    assert response.status_code == 302, re.findall(r'class="error">([^<]+)', response.text)
    config = RunConfig.model_validate(Run.objects.get(name="Everything").config)
    assert config.tracking.trackers == ("tensorboard", "wandb")
    assert config.rollout.stochastic_steps.order == "random"
    assert (config.update.guidance_scale, config.reference.guidance_scale, config.model.width) == (1.5, None, 96)
    assert config.trust_region.target.model_dump() == {"value": 0.05, "scale": "tv"}
    assert config.lora.target_modules == ("attn.to_q", "attn.to_k")
    judge, custom = config.rewards[1:]
    assert (judge.answer.name, judge.api_key_env) == ("yes_probability", None)
    assert custom.keywords == {"threshold": 0.5}


def test_a_run_without_a_name_gets_the_suggested_one(member, address, fields, lab):
    add_run(lab.experiment)
    member.post(address, fields | {"name": [""]})
    assert Run.objects.filter(experiment=lab.experiment, name="sandbox-flow-dppo 2").count() == 1


def test_nothing_typed_is_lost_on_an_error(member, address, fields):
    typed = {
        "name": ["Mine"],
        "config.lora.rank": ["many"],
        "config.optimizer.lr": [" 1e-4 "],
        "config.prompts.train": ["sandbox:nothing"],
        "config.rewards": ["sandbox_picture_quality", "sandbox_soft_tifa"],
        "config.trust_region": ["none"],
        "config.evaluation.prompt_sets": ["one\ntwo"],
        "config.rollout.shared_initial_noise": ["on"],
    }
    response = member.post(address, fields | typed)
    assert response.status_code == 422
    shown = fields_of(response.text)
    assert {key: shown[key] for key in typed} == typed
    assert {key: texts for key, texts in shown.items() if key not in typed} == {
        key: texts for key, texts in fields.items() if key not in typed
    }
    assert Run.objects.filter(name="Mine").count() == 0


def test_an_error_stands_at_its_field_and_is_announced(member, address, fields):
    page = member.post(address, fields | {"config.lora.rank": ["many"]}).text
    field = page.split('id="config-lora-rank"')[1].split("</div>")[0]
    assert "“many” does not fit: give a whole number from 1 to 512." in field
    assert 'aria-invalid="true"' in field
    assert "1 field to put right" in page


def test_a_choice_of_another_release_is_shown_and_refused(member, address, fields):
    response = member.post(address, fields | {"config.rollout.schedule": ["karras"], "config.trust_region": ["magic"]})
    assert response.status_code == 422
    assert fields_of(response.text)["config.rollout.schedule"] == ["karras"]
    assert "“karras” is not in the list" in response.text


def test_an_unknown_recipe_is_refused_with_its_name(member, address, fields):
    response = member.post(address, fields | {"recipe": ["alchemy"]})
    assert response.status_code == 422
    assert "There is no recipe “alchemy”" in response.text
    assert "There is no recipe “alchemy”" in member.get(address, {"recipe": "alchemy"}).text


def test_choosing_a_recipe_reloads_the_knobs_and_keeps_the_name(member, address):
    part = member.get(address, {"recipe": "sandbox-smoke", "name": "Mine"}, HTTP_HX_REQUEST="true").text
    shown = fields_of(part)
    assert shown["config.iterations"] == ["3"]
    assert shown["name"] == ["Mine"]
    assert "<html" not in part


def test_a_run_can_be_taken_as_the_start_of_the_next(member, address, lab):
    config = load_recipe("sandbox-smoke").model_dump(mode="json") | {"seed": 41}
    del config["ema"]
    run = add_run(lab.experiment, recipe="sandbox-smoke", config=config)
    shown = fields_of(member.get(address, {"like": str(run.id)}).text)
    assert (shown["recipe"], shown["config.seed"], shown["config.ema.decay"]) == (["sandbox-smoke"], ["41"], ["0.5"])
    assert member.get(address, {"like": "nonsense"}).status_code == 404
