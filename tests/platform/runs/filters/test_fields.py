"""Which runs a filter finds."""

from datetime import datetime

import pytest
from django.utils import timezone

from runs import summaries
from runs.filters import FilterError, config_paths, parse
from runs.models import Run
from tests.platform.lab import CONFIG, add_evaluation, add_point, add_run


def change(config: dict, path: str, value) -> dict:
    """The configuration with another value there."""
    head, _, rest = path.partition(".")
    return config | {head: change(config[head], rest, value) if rest else value}


@pytest.fixture
def three(lab) -> None:
    """One run of each of three people, that differ in all that can be asked for."""
    first = add_run(lab.experiment, "seed 0", "finished", notes="It overfits.", tags=["keep", "paper"])
    second = add_run(lab.experiment, "seed 1", "failed", recipe="sandbox-flow-grpo", num_attempts=3, num_gpus=4)
    third = add_run(lab.experiment, "100%", "running", iteration=40)
    for run, person, day in ((first, lab.owner, 1), (second, lab.member, 2), (third, None, 3)):
        created = timezone.make_aware(datetime(2026, 11, day, 12))
        Run.objects.filter(id=run.id).update(created_by=person, created_at=created)
    Run.objects.filter(id=first.id).update(ended_at=timezone.make_aware(datetime(2026, 11, 2)))
    Run.objects.filter(id=second.id).update(config=change(CONFIG, "trust_region.threshold.value", 1e-4))
    others = CONFIG | {"rewards": [{"name": "ocr", "weight": 1}], "trust_region": {"name": "none"}, "seed": 7}
    Run.objects.filter(id=third.id).update(config=others)
    for number, run in enumerate((first, second)):
        add_point(run, "reward/mean", 1, 0.5 + 0.2 * number)
        add_evaluation(run, 20, 0.6 + 0.2 * number)
        summaries.refresh(run.id)


def found(text: str, me=None) -> list[str]:
    """The names of the runs that it finds, in brief."""
    runs = Run.objects.filter(experiment__name="Thresholds").filter(parse(text, me)).order_by("created_at")
    return [run.name.removeprefix("seed ") for run in runs]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ["0", "1", "100%"]),
        ("seed", ["0", "1"]),
        ("%", ["100%"]),
        ("OVERFITS", ["0"]),
        ("pape", ["0"]),
        ("grpo", ["1"]),
        ("state = finished, Failed", ["0", "1"]),
        ("state != running", ["0", "1"]),
        ("tag = KEEP", ["0"]),
        ("tag = keep tag = paper", ["0"]),
        ("tag ~ pap", ["0"]),
        ("not tag = keep", ["1", "100%"]),
        ("person = owner", ["0"]),
        ("person = member@example.org", ["1"]),
        ("person ~ example", ["0", "1"]),
        ("person != owner", ["1", "100%"]),
        ('name = "SEED 1"', ["1"]),
        ("notes ~ overfits", ["0"]),
        ("recipe = sandbox-flow-grpo", ["1"]),
        ("experiment = thresholds", ["0", "1", "100%"]),
        ("team = lab", ["0", "1", "100%"]),
        ("team = elsewhere", []),
        ("created = 2026-11-02", ["1"]),
        ("created >= 2026-11-02", ["1", "100%"]),
        ("created > 2026-11-02", ["100%"]),
        ("created < 2026-11-02", ["0"]),
        ("created <= 2026-11-02", ["0", "1"]),
        ("created > 2026-11-02T11:00", ["1", "100%"]),
        ("ended = 2026-11-02", ["0"]),
        ("not ended = 2026-11-02", ["1", "100%"]),
        ("iteration >= 40", ["100%"]),
        ("iteration = 40.5", []),
        ("attempts > 1", ["1"]),
        ("gpus = 4, 8", ["1"]),
        ("trust_region.threshold.value < 1e-5", ["0"]),
        ("config.trust_region.threshold.value >= 1e-4", ["1"]),
        ("trust_region.name = divergence_mask", ["0", "1"]),
        ("trust_region.name ~ MASK", ["0", "1"]),
        ("trust_region.threshold.value > 0", ["0", "1"]),
        ("not trust_region.threshold.value > 0", ["100%"]),
        ("seed = 7", ["100%"]),
        ("config.seed != 7", ["0", "1"]),
        ("rewards.name = ocr", ["100%"]),
        ("rewards.1.name = sandbox_picture_quality", ["0", "1"]),
        ("trust_region.asymmetric = true", ["0", "1"]),
        ("model.revision = null", ["0", "1", "100%"]),
        ("evaluation.prompt_sets = sandbox:in_domain", ["0", "1", "100%"]),
        ("reward/mean > 0.6", ["1"]),
        ("reward/mean <= 0.6", ["0"]),
        ("not reward/mean > 0.6", ["0", "100%"]),
        ("score > 0.7 or iteration = 40", ["1", "100%"]),
        ("best/sandbox:in_domain/sandbox_soft_tifa < 0.7", ["0"]),
        ("best_iteration = 20 (seed = 0 or tag = keep) state = finished", ["0"]),
    ],
)
def test_a_filter_finds(text, names, three):
    assert found(text) == names


def test_me_is_the_one_who_asks(three, lab):
    assert found("person = me", lab.member) == ["1"]


def test_a_run_is_found_by_its_id(three):
    run = Run.objects.get(name="seed 1")
    assert found(str(run.id)) == ["1"]


@pytest.mark.parametrize(
    "text",
    [
        "tag = '; drop table",
        'rewards.name = "\\") || true"',
        'rewards.name ~ "(("',
        '"score/\\"x" > 0',
        '"a/\'b" > 0',
        '"a/%s" > 0',
    ],
)
def test_what_looks_like_code_is_a_text(text, three):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "word", "remedy"),
    [
        ("stat = x", "stat", "did you mean state"),
        ("threshold < 3", "threshold", "trust_region.threshold.value"),
        ("zzz = 3", "zzz", "write state, tag"),
        ("trust_region.threshold < 1e-5", "trust_region.threshold", "is a group"),
        (
            "trust_region.treshold.value < 1",
            "trust_region.treshold.value",
            "did you mean trust_region.threshold.value",
        ),
        ("a.b = 1", "a.b", "No configuration has"),
        ("state = done", "done", "write one of queued"),
        ("state > running", "state >", "has no sizes"),
        ("state:running", "state:running", "write state = running"),
        ("reward/mean > high", "high", "is no number"),
        ('reward/mean > "1"', "1", "is no number"),
        ("reward/mean > nan", "nan", "finite number"),
        ("seed = 1e999", "1e999", "finite number"),
        ("iteration ~ 4", "iteration ~", "is a number"),
        ("iteration > ten", "ten", "is no number"),
        ("created = yesterday", "yesterday", "is no day"),
        ("created < 9999-12-31", "9999-12-31", "is no day"),
        ("created ~ 2026", "created ~", "is a time"),
    ],
)
def test_what_there_is_not_is_named_with_its_remedy(text, word, remedy):
    with pytest.raises(FilterError, match=".") as refused:
        parse(text)
    assert refused.value.word == word
    assert remedy in str(refused.value)


def test_every_value_of_a_configuration_can_be_asked_for():
    def leaves(value, path=""):
        if isinstance(value, dict):
            return [leaf for key, inner in value.items() for leaf in leaves(inner, f"{path}.{key}")]
        if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
            return [leaf for inner in value for leaf in leaves(inner, path)]
        return [path.removeprefix(".")]

    assert set(leaves(CONFIG)) <= set(config_paths.all_paths())
    assert config_paths.find("rewards.0.name") == ("rewards", "0", "name")
