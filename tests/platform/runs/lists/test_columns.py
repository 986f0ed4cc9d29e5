"""Columns: what they are called, and what they show of a run."""

import pytest

from runs.filters import FilterError
from runs.lists.choices import column_choices, settings_datalist
from runs.lists.columns import ALWAYS, MANY_COLUMNS, Kind, column_of, columns_of, setting_text
from runs.lists.knowledge import differing_settings, read_knowledge
from runs.models import Run
from tests.platform.lab import CONFIG, add_evaluation, add_point, add_run


@pytest.mark.parametrize(
    ("key", "title", "kind"),
    [
        ("created", "Age", Kind.TIME),
        ("score", "Held-out score", Kind.SCORE),
        ("best", "Best score", Kind.NUMBER),
        ("reward/mean", "Reward", Kind.NUMBER),
        ("optim/lr", "Learning rate", Kind.NUMBER),
        ("score/sandbox:in_domain/drift/kl", "Last kl on in_domain", Kind.NUMBER),
        ("best/prompts/held_out.txt/ocr", "Best ocr on held_out.txt", Kind.NUMBER),
        ("seed", "seed", Kind.SETTING),
        ("trust_region.threshold.value", "threshold.value", Kind.SETTING),
    ],
)
def test_a_column_has_a_title(key, title, kind):
    column = column_of(key)
    assert (column.title, column.kind) == (title, kind)


def test_what_is_no_column_is_left_out():
    with pytest.raises(FilterError, match="No configuration has"):
        column_of("nonsense")
    assert [column.key for column in columns_of(["nonsense", "seed", "name", "created", "seed"])] == [
        "seed",
        "created",
    ]
    assert len(columns_of([f"group/{number}" for number in range(99)])) == MANY_COLUMNS


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("optimizer.lr", "0.0003"),
        ("trust_region.threshold.value", "1e-06"),
        ("trust_region.asymmetric", "yes"),
        ("rewards.name", "sandbox_soft_tifa, sandbox_picture_quality"),
        ("rewards.1.name", "sandbox_picture_quality"),
        ("rewards.9.name", ""),
        ("evaluation.prompt_sets", "sandbox:in_domain, sandbox:out_of_domain"),
        ("model.revision", ""),
        ("trust_region.clip_range", ""),
    ],
)
def test_a_setting_is_shown_as_people_write_it(path, text):
    assert setting_text(CONFIG, tuple(path.split("."))) == text


def test_what_differs_comes_with_what_tells_most_first():
    mask = CONFIG["trust_region"]
    others = [
        CONFIG,
        CONFIG | {"seed": 1, "trust_region": mask | {"threshold": {"value": 1e-4, "scale": "mean"}}},
        CONFIG | {"seed": 2, "trust_region": {"name": "ratio_clip", "clip_range": [1e-4, 1e-4]}},
    ]
    found = differing_settings(others)
    assert found[:3] == ["trust_region.name", "trust_region.threshold.value", "seed"]
    assert {"trust_region.threshold.scale", "trust_region.clip_range"} <= set(found[3:])
    assert "optimizer.lr" not in found
    assert differing_settings([CONFIG, CONFIG]) == differing_settings([]) == []


def test_rewards_differ_by_their_members():
    found = differing_settings([CONFIG, CONFIG | {"rewards": [{"name": "ocr", "weight": 1.0}]}])
    assert found[:2] == ["rewards.name", "rewards.weight"]


def test_there_is_a_choice_of_what_the_runs_have(lab):
    run = add_run(lab.experiment, tags=["keep"], created_by=lab.member)
    add_run(lab.experiment, config=CONFIG | {"seed": 5})
    add_point(run, "reward/mean", 1, 0.5)
    add_evaluation(run, 20, 0.5)
    known = read_knowledge(Run.objects.filter(experiment=lab.experiment))
    assert (known.differing, known.metrics, known.tags) == (["seed"], ["reward/mean"], ["keep"])
    assert known.people == ["member@example.org"]
    assert known.first_score == "sandbox:in_domain/sandbox_soft_tifa"
    groups = {group.title: group.choices for group in column_choices(known, ["seed", "ema.decay", "loss/policy"])}
    assert [choice.is_shown for choice in groups["Differ among these runs"]] == [True]
    assert [choice.column.key for choice in groups["Other settings"]] == ["ema.decay"]
    offered = [choice.column.key for choices in groups.values() for choice in choices]
    assert len(set(offered)) == len(offered) and not set(ALWAYS) & set(offered)
    assert {"created", "best", "reward/mean", "best/sandbox:in_domain/sandbox_soft_tifa"} <= set(offered)


def test_every_setting_can_be_named():
    assert '<option value="trust_region.threshold.value"></option>' in settings_datalist()
