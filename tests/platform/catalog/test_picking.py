"""The catalogue in the form of a run: picked, filled in, departed from, and recorded."""

import pytest
from django.test import Client
from django.urls import reverse

from catalog.contents import model_content, prompts_content, rewards_content
from catalog.models import Role, Use, Version
from catalog.services import add_sandbox, add_version, create_item, set_archived
from runs.models import Run
from teams.models import Team
from tests.platform.forms import fields_of
from tests.platform.lab import Lab

QUALITY = [{"name": "jpeg_compressibility", "weight": 2.0}, {"name": "sandbox_soft_tifa"}]


@pytest.fixture
def quality(lab, settings, tmp_path) -> Version:
    settings.PROMPTS_DIR = tmp_path / "prompts"
    return create_item(lab.member, lab.team, "Quality", rewards_content(QUALITY))


@pytest.fixture
def cats(lab) -> Version:
    line = '{"prompt": "two cats", "vqa_list": [["How many cats are there?", "two"]]}'
    return create_item(lab.member, lab.team, "Cats", prompts_content(line))


class RunForm:
    """The page of a new run, as a browser sends it."""

    def __init__(self, client: Client, lab: Lab):
        self._client, self._lab = client, lab
        self.address = reverse("run_new", args=[lab.experiment.id])
        self.fields = fields_of(client.get(self.address).text)

    def pick(self, role: str, version: Version) -> str:
        sent = self.fields | {f"catalogue.{role}": [str(version.id)], "fill": [role]}
        response = self._client.post(self.address, sent)
        assert response.status_code == 200
        self.fields = fields_of(response.text)
        return response.text

    def look_aside(self) -> str:
        return self._client.post(reverse("run_check", args=[self._lab.experiment.id]), self.fields).text

    def submit(self) -> list[tuple]:
        response = self._client.post(self.address, self.fields | {"name": ["Picked"]})
        assert response.status_code == 302, response.text
        uses = Use.objects.filter(run=Run.objects.get(name="Picked"))
        return [(use.role, use.version, use.num_changes) for use in uses.order_by("id")]


@pytest.fixture
def form(member, lab, quality) -> RunForm:
    return RunForm(member, lab)


def test_rewards_that_are_picked_stand_in_the_form_and_are_recorded(form, quality):
    form.pick("rewards", quality)
    assert form.fields["config.rewards"] == ["jpeg_compressibility", "sandbox_soft_tifa"]
    assert form.fields["config.rewards.jpeg_compressibility.weight"] == ["2"]
    assert form.fields["catalogue.rewards"] == [str(quality.id)]
    assert "against Quality v1" not in form.look_aside()
    assert form.submit() == [(Role.REWARDS, quality, 0)]


def test_later_changes_are_told_beside_the_form_and_recorded(form, quality):
    form.pick("rewards", quality)
    form.fields |= {
        "config.rewards.jpeg_compressibility.weight": ["3"],
        "config.rewards.sandbox_soft_tifa.label": ["t"],
    }
    aside = form.look_aside()
    assert "Rewards against Quality v1" in aside and "3 changes" in aside
    assert "<code>jpeg_compressibility.weight</code>" in aside and "<del>2.0</del>" in aside
    form.fields["config.rewards.jpeg_compressibility.weight"] = ["much"]
    assert "What differs shows once every value fits." in form.look_aside()
    form.fields["config.rewards.jpeg_compressibility.weight"] = ["3"]
    assert form.submit() == [(Role.REWARDS, quality, 3)]


def test_prompts_are_referred_to(form, cats):
    form.fields = form.fields | fields_of(form.pick("train", cats))
    form.pick("evaluation", cats)
    assert form.fields["config.prompts.train"] == [cats.reference]
    assert form.fields["config.evaluation.prompt_sets"][0].split() == [
        "sandbox:in_domain",
        "sandbox:out_of_domain",
        cats.reference,
    ]
    assert form.fields["catalogue.train"] == [str(cats.id)] and form.fields["catalogue.evaluation"] == [""]
    assert form.submit() == [(Role.TRAIN, cats, 0), (Role.EVALUATION, cats, 0)]
    assert Run.objects.get(name="Picked").config["prompts"]["train"] == cats.reference


def test_a_base_model_brings_its_revision(form, lab):
    mine = create_item(
        lab.owner, lab.team, "Mine", model_content({"family": "sd3", "source": "me/sd3", "revision": "r"})
    )
    form.pick("model", mine)
    assert [form.fields[f"config.model.{name}"] for name in ("family", "source", "revision")] == [
        ["sd3"],
        ["me/sd3"],
        ["r"],
    ]


def test_what_the_recipe_has_is_found_in_the_catalogue(member, lab):
    model, train, *_, rewards = add_sandbox(lab.owner, lab.team)
    fields = RunForm(member, lab).fields
    assert [fields[f"catalogue.{role}"] for role in ("model", "train", "evaluation", "rewards")] == [
        [str(model.id)],
        [str(train.id)],
        [""],
        [str(rewards.id)],
    ]


def test_on_another_recipe_what_was_picked_counts_no_more(member, form, quality):
    form.pick("rewards", quality)
    form.fields["config.rewards"] = ["jpeg_compressibility"]
    sent = form.fields | {"recipe": ["sandbox-smoke"]}
    fields = fields_of(member.post(form.address, sent).text)
    assert fields["catalogue.rewards"] == [""]


def test_picked_rewards_show_in_the_yaml_too(member, form, quality):
    form.fields = fields_of(member.post(form.address, form.fields | {"view": ["yaml"]}).text)
    assert "jpeg_compressibility" in form.pick("rewards", quality)
    assert "name: jpeg_compressibility\n" in form.fields["yaml"][0]
    form.fields["yaml"] = ["seed: ["]
    assert form.pick("rewards", quality) and form.fields["yaml"][0].strip() == "seed: ["


def test_only_what_is_not_archived_is_offered_and_of_each_item_the_newest(form, member, lab, quality, cats):
    newer = add_version(lab.member, quality.item, rewards_content(QUALITY[:1]))
    set_archived(lab.member, cats.item, True)
    create_item(lab.stranger, Team.objects.get(name="Elsewhere"), "Theirs", rewards_content(QUALITY))
    shown = member.get(form.address).text
    assert f'<option value="{newer.id}"' in shown and f'<option value="{quality.id}"' not in shown
    assert "Cats v1" not in shown and "Theirs" not in shown
    # What is picked already stays.
    assert f'<option value="{quality.id}" selected' in form.pick("rewards", quality)


def test_another_teams_version_fills_nothing(form, lab):
    theirs = create_item(lab.stranger, Team.objects.get(name="Elsewhere"), "Theirs", prompts_content("a secret"))
    before = dict(form.fields)
    assert "a secret" not in form.pick("train", theirs)
    assert form.fields["config.prompts.train"] == before["config.prompts.train"] and not Use.objects.exists()


@pytest.mark.parametrize(
    "sent", [{"fill": ["magic"]}, {"fill": ["rewards"], "catalogue.rewards": ["x"]}, {"fill": [""]}]
)
def test_a_pick_of_nothing_changes_nothing_and_submits_nothing(member, form, sent):
    response = member.post(form.address, form.fields | sent)
    assert response.status_code == 200 and not Run.objects.filter(experiment__name="Thresholds").exists()
    assert fields_of(response.text)["config.rewards"] == form.fields["config.rewards"]


def test_a_reference_of_another_team_is_told_at_its_field(form, member, lab):
    theirs = create_item(lab.stranger, Team.objects.get(name="Elsewhere"), "Theirs", prompts_content("a secret"))
    form.fields |= {"config.prompts.train": [theirs.reference], "config.rewards": ["sandbox_picture_quality"]}
    form.fields |= {"config.rewards.sandbox_picture_quality.weight": ["1"], "config.evaluation.prompt_sets": [""]}
    response = member.post(form.address, form.fields | {"config.checkpoint.keep_best": ["0"]})
    assert response.status_code == 422 and "is no prompt set of Lab" in response.text


def test_a_long_catalogue_makes_no_more_queries(member, lab, form, django_assert_max_num_queries):
    def count() -> int:
        with django_assert_max_num_queries(60) as queries:
            assert member.get(form.address).status_code == 200
        return len(queries)

    before = count()
    for number in range(10):
        create_item(lab.member, lab.team, f"Number {number}", prompts_content(f"prompt {number}"))
        create_item(lab.member, lab.team, f"Number {number}", rewards_content([{"name": "ocr", "weight": number + 1}]))
    assert count() == before
