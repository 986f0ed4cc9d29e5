"""Submitting through the API: recipes, copies and configurations; each refusal names field, value and remedy."""

import pytest

from flowdppo_engine.recipes import load_recipe
from runs.config_errors import ConfigInvalid, check_config
from runs.models import Experiment, Run, RunState
from tests.platform.lab import add_run


@pytest.fixture
def runs_path(lab) -> str:
    return f"/experiments/{lab.experiment.id}/runs"


def test_a_recipe_with_changes_becomes_a_queued_run(post, runs_path, lab):
    body = {"recipe": "sandbox-smoke", "config": {"seed": 7}, "set": ["iterations=3", "rewards.0.weight=2"]}
    answer = post(runs_path, body)
    run = Run.objects.get(id=answer.json()["id"])
    assert (answer.status_code, run.name, run.state) == (201, "sandbox-smoke 1", RunState.QUEUED)
    assert (run.created_by, run.recipe) == (lab.member, "sandbox-smoke")
    config = run.config
    assert (config["seed"], config["iterations"], config["rewards"][0]["weight"]) == (7, 3, 2)
    assert answer.json()["page"] == f"/runs/{run.id}/"


def test_a_run_is_copied_by_its_id_or_by_its_yaml(post, program, runs_path, lab):
    original = add_run(lab.experiment, config=load_recipe("sandbox-smoke").model_dump(mode="json"))
    text = program.get(f"/api/v1/runs/{original.id}/config.yaml").text
    copies = [post(runs_path, body).json()["id"] for body in ({"like": str(original.id)}, {"config": text})]
    by_id, by_yaml = (Run.objects.get(id=found) for found in copies)
    assert by_id.config == by_yaml.config
    assert (by_id.recipe, by_yaml.recipe) == (original.recipe, "")


def test_a_check_says_what_the_run_takes_and_keeps_nothing(post):
    answer = post("/configurations/check", {"recipe": "sandbox-smoke", "set": ["seed=5"]})
    assert answer.status_code == 200
    assert answer.json()["config"]["seed"] == 5 and "seed: 5" in answer.json()["yaml"]
    assert "optimizer steps" in answer.json()["facts"][0]
    assert Run.objects.filter(recipe="sandbox-smoke").count() == 0


def test_a_wrong_value_is_told_in_the_words_of_the_form(post, runs_path):
    data = load_recipe("sandbox-smoke").model_dump(mode="json")
    data["iterations"] = -1
    data["rewards"] = [{**data["rewards"][0], "weight": "much"}]
    with pytest.raises(ConfigInvalid) as invalid:
        check_config(data)
    answer = post(runs_path, {"config": data})
    problems = {problem["field"]: problem for problem in answer.json()["problems"]}
    assert answer.status_code == 422
    assert problems["iterations"]["value"] == -1
    assert [problems["iterations"]["message"]] == invalid.value.errors["iterations"]
    assert problems["rewards.0.weight"]["value"] == "much"
    assert "give a number" in problems["rewards.0.weight"]["message"]
    assert "iterations: “-1” does not fit" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "recipe"),
        ({"recipe": "no-such"}, "recipe"),
        ({"recipe": 7}, "recipe"),
        ({"recipe": "sandbox-smoke", "like": "00000000-0000-0000-0000-000000000000"}, "like"),
        ({"like": "nonsense"}, "like"),
        ({"recipe": "sandbox-smoke", "colour": "red"}, "colour"),
        ({"recipe": "sandbox-smoke", "name": "a\0b"}, "name"),
        ({"recipe": "sandbox-smoke", "name": "x" * 121}, "name"),
        ({"recipe": "sandbox-smoke", "set": ["iterations"]}, "set.0"),
        ({"recipe": "sandbox-smoke", "set": ["seed=1", "rewards.9.weight=1"]}, "set.1"),
        ({"recipe": "sandbox-smoke", "set": ["seed=[&a x, *a]"]}, "set.0"),
        ({"recipe": "sandbox-smoke", "config": {"rewards": "pickscore"}}, "rewards"),
        ({"recipe": "sandbox-smoke", "config": {"rewards": [["x"]]}}, "rewards"),
        ({"recipe": "sandbox-smoke", "config": {"prompts": {"train": "a\0"}}}, "config"),
        ({"config": "iterations: [1"}, "config"),
        ({"config": "- a list"}, "config"),
        ({"config": "a: &x [1]\nb: *x"}, "config"),
        ({"config": "[" * 5000}, "config"),
        ({"recipe": "sandbox-smoke", "config": {"prompts": 3}}, "prompts"),
        ({"recipe": "sandbox-smoke", "set": ["prompts.train=/etc/passwd"]}, "prompts.train"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(post, runs_path, body, field):
    answer = post(runs_path, body)
    assert answer.status_code == 422, answer.text
    problem = answer.json()["problems"][0]
    assert problem["field"].removeprefix("config.str.").removeprefix("body.") == field and problem["message"]
    assert problem["message"] in answer.json()["error"]
    assert Run.objects.filter(experiment__name="Thresholds").count() == 0


@pytest.mark.parametrize("body", ["", "{", "[1]", "\xff", "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(program, runs_path, body):
    answer = program.post(f"/api/v1{runs_path}", body, content_type="application/json")
    assert answer.status_code in (400, 422) and answer.json()["error"]


def test_experiments_are_made_with_the_words_of_the_form(post, lab):
    made = post("/experiments", {"name": "Windows", "description": "Which steps?"})
    assert (made.status_code, made.json()["team"], made.json()["best_score"]) == (201, "lab", None)
    assert Experiment.objects.get(id=made.json()["id"]).created_by == lab.member
    again = post("/experiments", {"name": "Windows", "team": "lab"})
    assert again.json()["problems"] == [
        {"field": "name", "value": "Windows", "message": "“Windows” exists already in Lab: give another name."}
    ]
    assert "give one of lab" in post("/experiments", {"name": "X", "team": "elsewhere"}).json()["error"]
    assert "Empty" in post("/experiments", {"name": ""}).json()["error"]


def test_a_queued_run_is_cancelled_at_once_and_a_running_one_is_asked_to_stop(post, lab):
    queued, running = (add_run(lab.experiment, state=state) for state in (RunState.QUEUED, RunState.RUNNING))
    assert post(f"/runs/{queued.id}/cancel", {}).json()["state"] == "cancelled"
    answer = post(f"/runs/{running.id}/cancel", {}).json()
    assert (answer["state"], answer["cancel_requested"]) == ("running", True)


def test_the_priority_of_a_run_that_waits_is_changed_and_that_of_another_is_not(post, lab):
    queued, running = (add_run(lab.experiment, state=state) for state in (RunState.QUEUED, RunState.RUNNING))
    assert post(f"/runs/{queued.id}/priority", {"priority": "high"}).json()["priority"] == 1
    refused = post(f"/runs/{running.id}/priority", {"priority": "low"})
    assert refused.status_code == 409 and "This run is running" in refused.json()["error"]
    assert "priority" in post(f"/runs/{queued.id}/priority", {"priority": "highest"}).json()["problems"][0]["field"]


def test_every_recipe_is_listed_and_shown_and_can_be_checked_again(program, post):
    listed = program.get("/api/v1/recipes").json()
    assert {"sandbox-smoke", "sandbox-flow-dppo"} <= {recipe["name"] for recipe in listed}
    shown = program.get("/api/v1/recipes/sandbox-smoke").json()
    assert shown["config"] == load_recipe("sandbox-smoke").model_dump(mode="json")
    assert post("/configurations/check", {"config": shown["config"]}).json()["config"] == shown["config"]
    assert program.get("/api/v1/recipes/nothing").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        '{"recipe": "sandbox-smoke", "name": "\\ud800"}',
        '{"recipe": "sandbox-smoke", "config": {"prompts": {"train": "\\ud800"}}}',
        '{"recipe": "sandbox-smoke", "config": {"\\ud800": 1}}',
        '{"recipe": "sandbox-smoke", "config": {"seed": NaN, "optimizer": {"lr": Infinity}}}',
        '{"recipe": "sandbox-smoke", "config": {"seed": 1e400, "iterations": 1' + "0" * 400 + "}}",
        '{"recipe": "sandbox-smoke", "config": {"rewards": [{"name": ["a"]}, {"name": {}}, {}]}}',
        '{"recipe": "sandbox-smoke", "config": {"rewards": {}, "evaluation": [1], "prompts": null}}',
        '{"recipe": "sandbox-smoke", "set": ["=1"]}',
        '{"recipe": "sandbox-smoke", "set": ["rewards=1"]}',
        '{"recipe": "sandbox-smoke", "set": ["seed=2026-01-01"]}',
        '{"config": {"a": ' + "[" * 300 + "]" * 300 + "}}",
        '{"config": "? [a]: b"}',
        '{"config": "1: b"}',
        '{"config": "seed: 2026-99-99"}',
        '{"recipe": "sandbox-smoke", "set": ["' + "a." * 5000 + 'b=1"]}',
        '{"recipe": "sandbox-smoke", "set": ["seed=2026-99-99"]}',
        '{"recipe": "sandbox-smoke", "set": ["seed={[a]: b}"]}',
    ],
)
def test_odd_configurations_are_refused_too(program, runs_path, body):
    answer = program.post(f"/api/v1{runs_path}", body, content_type="application/json")
    assert answer.status_code == 422, answer.text
    assert all(problem["message"] for problem in answer.json()["problems"])


@pytest.mark.parametrize(
    "path",
    ["/experiments/{huge}", "/samples/{huge}/picture", "/checkpoints/{huge}/folder.zip", "/runs?experiment={huge}"],
)
def test_numbers_beyond_the_database_find_nothing(program, path):
    answer = program.get(f"/api/v1{path}".format(huge=10**30))
    assert answer.status_code in (200, 404) and answer.json().get("items", []) == []


def test_no_depth_of_a_configuration_is_too_much(program, runs_path):
    for depth in range(100, 1100, 50):
        body = '{"config": {"a": ' + "[" * depth + "]" * depth + "}}"
        answer = program.post(f"/api/v1{runs_path}", body, content_type="application/json")
        assert answer.status_code in (400, 422), answer.text
