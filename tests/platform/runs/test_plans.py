"""What a run will take, in the form and on its page."""

import pytest
from django.urls import reverse

from flowdppo_engine.config import RunConfig
from flowdppo_engine.planning.cost import RunCost
from flowdppo_engine.prompts import load_prompts
from flowdppo_engine.recipes import load_recipe
from runs.config_form import ConfigForm
from runs.plans import plan_of
from tests.platform.forms import fields_of
from tests.platform.lab import add_run

WITHOUT_AVERAGE = "ema.decay = 0: evaluations and samples show the raw weights"


def data(**changes) -> dict:
    return RunConfig.model_validate(load_recipe("sandbox-smoke").model_dump() | changes).model_dump(mode="json")


def test_images_and_passes_are_those_of_the_cost():
    """That the cost is right is shown by the tests of planning."""
    config = RunConfig.model_validate(data())
    cost = RunCost(config, tuple(len(load_prompts(source)) for source in config.evaluation.prompt_sets))
    per_iteration = config.rollout.group_size * config.rollout.groups_per_iteration
    evaluated = sum(map(cost.units, cost.once)) / cost.total_units
    images, passes = plan_of(data()).facts
    assert images.startswith(f"{3 * per_iteration:,} images to train on ({per_iteration:,} an iteration), ")
    assert passes.startswith(f"At most {cost.total_units:,.0f} passes through the network, {evaluated:.0%} of them ")


def test_the_length_of_a_set_counts_and_that_of_a_file_outside_is_not_told(settings, tmp_path):
    settings.PROMPTS_DIR = tmp_path / "prompts"
    settings.PROMPTS_DIR.mkdir()
    rewards = [{"name": "sandbox_picture_quality", "weight": 1}]
    for folder in (settings.PROMPTS_DIR, tmp_path):
        (folder / "two.txt").write_text("a cat\na dog")

    def facts(path):
        return plan_of(data(evaluation={"prompt_sets": [str(path)], "num_prompts": 100}, rewards=rewards)).facts

    inside, outside = facts(settings.PROMPTS_DIR / "two.txt"), facts(tmp_path / "two.txt")
    assert inside != outside == facts(tmp_path / "missing.txt")


def test_warnings_are_told_and_what_is_wrong_has_no_plan():
    assert [WITHOUT_AVERAGE in warning for warning in plan_of(data(ema={"decay": 0})).warnings] == [True]
    assert plan_of({"seed": "many"}) is None
    assert ConfigForm(RunConfig(), {"seed": ["many"]}).plan is None


@pytest.fixture
def address(lab) -> str:
    return reverse("run_check", args=[lab.experiment.id])


def test_the_form_tells_its_plan_as_it_is_typed(member, address, lab):
    page = member.get(reverse("run_new", args=[lab.experiment.id])).text
    assert "images to train on" in page and WITHOUT_AVERAGE not in page
    fields = fields_of(page)
    part = member.post(address, fields | {"config.ema.decay": ["0"], "config.iterations": ["7"]}).text
    num_images = load_recipe("sandbox-flow-dppo").rollout.num_images
    assert f"{7 * num_images:,} images to train on ({num_images:,} an iteration)" in part
    assert WITHOUT_AVERAGE in part and "<html" not in part
    assert "once every value fits" in member.post(address, fields | {"config.seed": ["many"]}).text


def test_only_who_may_submit_a_run_may_ask(client, lab, address, member):
    assert member.get(address).status_code == 405
    client.force_login(lab.viewer)
    assert client.post(address).status_code == 403
    client.force_login(lab.stranger)
    assert client.post(address).status_code == 404


def test_the_page_of_a_run_tells_it_too(member, lab):
    run = add_run(lab.experiment, config=data(ema={"decay": 0}))
    assert WITHOUT_AVERAGE in member.get(reverse("run", args=[run.id])).text
