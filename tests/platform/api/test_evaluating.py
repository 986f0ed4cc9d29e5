"""Evaluations asked for by a program."""

import pytest

from catalog.contents import prompts_content, rewards_content
from catalog.services import create_item
from flowdppo_engine.client.evaluating import print_results, standing
from jobs import lifecycle
from jobs.models import Job
from tests.platform.evaluating.laboratory import REWARD, SETS, drawn, finish, make_run, store, verdict


@pytest.fixture
def member(as_program, lab):
    return as_program(lab.member)


def ask(member, run, **body):
    return member.post(f"/api/v1/runs/{run.id}/evaluate", body, content_type="application/json")


def test_what_is_left_out_is_as_the_run_has_it(member, lab):
    run, _ = make_run(lab, 20, 40)
    asked = ask(member, run).json()
    job = Job.objects.get(id=asked["id"])
    assert (asked["state"], asked["results"], asked["progress"]) == ("queued", [], None)
    assert [one["iteration"] for one in job.payload["checkpoints"]] == [20, 40] and job.payload["seeds"] == [0]
    evaluation, own = job.payload["config"]["evaluation"], run.config["evaluation"]
    assert evaluation == own


def test_checkpoints_prompts_and_rewards_can_be_chosen_by_name(member, lab):
    run, _ = make_run(lab, 20, 40)
    cats = create_item(lab.owner, lab.team, "Cats", prompts_content("a cat\na dog"))
    create_item(lab.owner, lab.team, "Small", rewards_content([{"name": "jpeg_compressibility"}]))
    body = {"checkpoints": [40], "prompt_sets": ["Cats@1", "sandbox:in_domain"], "rewards": "Small"}
    asked = ask(member, run, **body, images_per_prompt=2, first_seed=5)
    assert asked.status_code == 201, asked.text
    job = Job.objects.get()
    assert [one["iteration"] for one in job.payload["checkpoints"]] == [40] and job.payload["seeds"] == [5, 6]
    assert job.payload["config"]["evaluation"]["prompt_sets"] == [cats.reference, "sandbox:in_domain"]
    assert [one["name"] for one in job.payload["config"]["rewards"]] == ["jpeg_compressibility"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"checkpoints": [30]}, "No checkpoint of iteration 30 is kept; there are: 20."),
        ({"prompt_sets": ["Dogs"]}, "has no prompt set “Dogs”"),
        ({"prompt_sets": ["sandbox:nothing"]}, "was not found"),
        ({"rewards": "Mix"}, "has no reward config “Mix”"),
        ({"images_per_prompt": 0}, "greater than or equal to 1"),
    ],
)
def test_what_does_not_fit_is_said(member, lab, body, message):
    run, _ = make_run(lab, 20)
    refused = ask(member, run, **body)
    assert refused.status_code == 422 and message in refused.json()["error"] and not Job.objects.exists()


def test_results_come_with_intervals_and_differences(member, lab):
    run, _ = make_run(lab, 20)
    job = Job.objects.get(id=ask(member, run, checkpoints=[20]).json()["id"])
    finish(job)
    found = member.get(f"/api/v1/evaluations/{job.id}").json()
    assert found["state"] == "finished" and found["page"] == f"/evaluations/{job.id}/"
    assert [(one["prompt_set"], one["iteration"]) for one in found["results"]] == [
        (name, iteration) for name in SETS for iteration in (0, 20)
    ]
    last = found["results"][1]
    assert last["scores"][REWARD]["mean"] == pytest.approx(0.7) and last["kl"]["mean"] == 2.0
    assert last["difference"][REWARD]["low"] == pytest.approx(0.1) and last["diversity"]["mean"] == 0.3


def test_one_that_failed_goes_on(member, lab):
    run, _ = make_run(lab)
    job = Job.objects.get(id=ask(member, run, checkpoints=[]).json()["id"])
    lifecycle.fail(store(job, drawn(0), verdict(0)), "It broke.", "Mend it.")
    assert member.get(f"/api/v1/evaluations/{job.id}").json()["error"] == "It broke."
    again = member.post(f"/api/v1/evaluations/{job.id}/go-on", {}, content_type="application/json")
    assert (again.status_code, again.json()["state"], len(again.json()["results"])) == (202, "queued", 1)


def test_the_command_line_prints_a_line_a_score(member, lab, capsys):
    run, _ = make_run(lab, 20)
    job = Job.objects.get(id=ask(member, run).json()["id"])
    assert standing(member.get(f"/api/v1/evaluations/{job.id}").json()) == "queued"
    finish(job)
    print_results(member.get(f"/api/v1/evaluations/{job.id}").json())
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 9
    assert lines[1] == f"sandbox:in_domain base model {REWARD} 0.5 0.4 to 0.6 0 0.3"
    assert lines[2].startswith(f"sandbox:in_domain base model {REWARD}_strict 0.25")
    assert lines[3] == f"sandbox:in_domain 20 {REWARD} 0.7 0.6 to 0.8 +0.2 0.1 to 0.3 2 0.3"


def test_where_it_stands_in_words():
    progress = {"phase": "evaluate", "done": 3, "total": 8, "unit": "pictures", "seconds_left": 75}
    assert standing({"state": "running", "progress": progress}) == "evaluate: 3 of 8 pictures, 1 min 15 s left"
