"""Who may ask what of the API: every operation of its schema, for every kind of person."""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client
from PIL import Image

from alerts.models import Alert
from catalog.contents import prompts_content
from catalog.services import create_item
from comments.services import add_comment
from comments.subjects import find_subject
from comparing.looking import Looking
from comparing.services import save_comparison
from exporting.licences import Licence
from exporting.services import Wish, push
from flowdppo_engine.recipes import load_recipe
from pictures.policies import PolicyRef
from runs.models import Experiment, Run
from sweeps.services import make_sweep
from teams.invitations import invite
from teams.models import Membership, Role, Scope
from tests.platform.evaluating.laboratory import queue as queue_evaluation
from tests.platform.fleet.machines import add_node
from tests.platform.lab import Lab, add_checkpoint, add_lines, add_point, add_run, add_sample
from tests.platform.playground.studio import ask as ask_to_draw
from tests.platform.playground.studio import serve
from tests.platform.reports.desk import add_report
from tests.platform.sharing.doorway import make_link
from tests.platform.votes.ballot_box import add_vote

pytestmark = pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")

PEOPLE = ("anonymous", "stranger", "viewer", "member", "owner")
SIGNED_IN = (401, 200, 200, 200, 200)
TEAM = (401, 404, 200, 200, 200)
OWNERS = (401, 404, 403, 403, 200)
WRITERS_READ = (401, 404, 403, 200, 200)
WRITERS_ASK = (401, 404, 403, 202, 202)
WRITERS_MAKE = (401, 404, 403, 201, 201)

SWEEP = {"recipe": "sandbox-smoke", "axes": {"optimizer.lr": [1e-4, 1e-3]}, "seeds": [0, 1]}
PROMPTS = {"kind": "prompts", "name": "Animals", "team": "lab", "content": "a cat\n"}


@dataclass(frozen=True)
class Access:
    """What each of PEOPLE gets for an operation. `query` and `body` may name things as {run}."""

    expected: tuple[int, ...]
    query: str = ""
    body: dict | None = None


ACCESS = {
    "GET /me": Access(SIGNED_IN),
    "GET /teams": Access(SIGNED_IN),
    "GET /recipes": Access(SIGNED_IN),
    "GET /recipes/{name}": Access(SIGNED_IN),
    # Copying a run shows its configuration.
    "POST /configurations/check": Access(TEAM, body={"like": "{run}"}),
    "GET /experiments": Access(SIGNED_IN),
    # The stranger's own team is another one.
    "POST /experiments": Access((401, 422, 403, 201, 201), body={"name": "New", "team": "lab"}),
    "GET /experiments/{experiment_id}": Access(TEAM),
    "POST /experiments/{experiment_id}/runs": Access((401, 404, 403, 201, 201), body={"recipe": "sandbox-smoke"}),
    "POST /experiments/{experiment_id}/reported-runs": Access(
        (401, 404, 403, 422, 422), body={"name": "elsewhere", "config": {"iterations": -1}}
    ),
    "GET /runs": Access(SIGNED_IN),
    "GET /runs/{run_id}": Access(TEAM),
    "PATCH /runs/{run_id}": Access((401, 404, 403, 200, 200), body={"name": "renamed"}),
    "POST /runs/{run_id}/cancel": Access(WRITERS_ASK, body={}),
    "POST /runs/{run_id}/stop": Access(WRITERS_ASK, body={}),
    "POST /runs/{run_id}/priority": Access(WRITERS_ASK, body={"priority": "normal"}),
    "POST /runs/{run_id}/resume": Access(WRITERS_ASK, body={}),
    # It has not finished.
    "POST /runs/{run_id}/continue": Access((401, 404, 403, 409, 409), body={"num_iterations": 900}),
    "GET /runs/{run_id}/waiting": Access(TEAM),
    "POST /checkpoints/{checkpoint_id}/continue": Access(WRITERS_MAKE, body={}),
    "GET /experiments/{experiment_id}/sweeps": Access(TEAM),
    "POST /experiments/{experiment_id}/sweeps/plan": Access((401, 404, 403, 200, 200), body=SWEEP),
    "POST /experiments/{experiment_id}/sweeps": Access(WRITERS_MAKE, body=SWEEP),
    "GET /sweeps/{sweep_id}": Access(TEAM),
    "POST /sweeps/{sweep_id}/cancel": Access(WRITERS_ASK, body={}),
    "POST /sweeps/{sweep_id}/seeds": Access(WRITERS_MAKE, body={"seeds": [7]}),
    "GET /catalogue": Access(SIGNED_IN),
    "POST /catalogue": Access((401, 422, 403, 201, 201), body=PROMPTS),
    "GET /catalogue/{item_id}": Access(TEAM),
    "POST /catalogue/{item_id}/versions": Access(WRITERS_MAKE, body={"content": "a cat\na dog\n"}),
    "GET /catalogue/{item_id}/versions/{number}": Access(TEAM),
    "POST /experiments/{experiment_id}/dry-runs": Access(WRITERS_MAKE, body={"recipe": "sandbox-smoke"}),
    "POST /experiments/{experiment_id}/preflights": Access(WRITERS_MAKE, body={"recipe": "sandbox-smoke"}),
    "GET /jobs/{job_id}": Access(TEAM),
    "POST /jobs/{job_id}/cancel": Access(WRITERS_ASK, body={}),
    "POST /runs/{run_id}/evaluate": Access(WRITERS_MAKE, body={}),
    "GET /evaluations/{job_id}": Access(TEAM),
    "POST /evaluations/{job_id}/go-on": Access(WRITERS_ASK, body={}),
    "GET /comments": Access(TEAM, query="?about={run}"),
    # Talk changes no run: viewers too.
    "POST /comments": Access((401, 404, 201, 201, 201), body={"about": "{run}", "text": "well"}),
    "GET /comments/{comment_id}": Access(TEAM),
    # A member wrote it.
    "PATCH /comments/{comment_id}": Access((401, 404, 403, 200, 403), body={"text": "better"}),
    "DELETE /comments/{comment_id}": Access((401, 404, 403, 204, 204)),
    "GET /inbox": Access(SIGNED_IN),
    "POST /inbox/read": Access(SIGNED_IN, body={}),
    "GET /alerts": Access(SIGNED_IN),
    "POST /alerts/{alert_id}/acknowledge": Access(WRITERS_ASK, body={}),
    "GET /experiments/{experiment_id}/rules": Access(TEAM),
    "PUT /experiments/{experiment_id}/rules/{kind}": Access((401, 404, 403, 200, 200), body={"pauses": True}),
    # Machines are everybody's, and operators' to change.
    "GET /nodes": Access(SIGNED_IN),
    "POST /nodes/{node_id}/drain": Access((401, 403, 403, 403, 403), body={}),
    "POST /nodes/{node_id}/undrain": Access((401, 403, 403, 403, 403), body={}),
    "GET /teams/{slug}/members": Access(TEAM),
    "PATCH /teams/{slug}/members/{member_id}": Access((401, 404, 403, 403, 200), body={"role": "member"}),
    "DELETE /teams/{slug}/members/{member_id}": Access((401, 404, 403, 403, 204)),
    "GET /teams/{slug}/invitations": Access(OWNERS),
    "POST /teams/{slug}/invitations": Access((401, 404, 403, 403, 201), body={"role": "viewer"}),
    "DELETE /teams/{slug}/invitations/{invitation_id}": Access((401, 404, 403, 403, 204)),
    "GET /teams/{slug}/log": Access(OWNERS),
    "GET /runs/{run_id}/attempts": Access(TEAM),
    # A worker has this one.
    "POST /runs/{run_id}/reports": Access((401, 404, 403, 409, 409), body={"host": "theirs"}),
    "POST /runs/{run_id}/events": Access((401, 404, 403, 409, 409), query="?offset=0", body={}),
    "GET /runs/{run_id}/config.yaml": Access(TEAM),
    "GET /runs/{run_id}/log": Access(TEAM),
    "GET /runs/{run_id}/log.txt": Access(TEAM),
    "GET /runs/{run_id}/metrics": Access(TEAM),
    "GET /runs/{run_id}/metrics/points": Access(TEAM, query="?key=reward/mean"),
    "GET /runs/{run_id}/metrics.csv": Access(TEAM),
    "GET /runs/{run_id}/metrics.parquet": Access(TEAM),
    "GET /runs/{run_id}/evaluations": Access(TEAM),
    "GET /runs/{run_id}/samples": Access(TEAM),
    "GET /runs/{run_id}/checkpoints": Access(TEAM),
    # To the stranger and the viewer, who write to no team of it, nothing is drawn.
    "POST /sheets": Access((401, 422, 403, 202, 202), body={"policies": ["{run}@0"], "prompt": "a cat"}),
    # A member asked for it.
    "GET /sheets/{sheet_id}": Access((401, 404, 404, 200, 404)),
    "POST /sheets/{sheet_id}/stop": Access((401, 404, 404, 202, 404), body={}),
    "GET /drawings/{drawing_id}/picture": Access(TEAM),
    "POST /drawings/{drawing_id}/keep": Access((401, 404, 403, 200, 200), body={}),
    "POST /drawings/{drawing_id}/let-go": Access((401, 404, 403, 200, 200), body={}),
    "GET /votes": Access(SIGNED_IN),
    # Viewers may write to no team; for the others there is no such policy.
    "POST /votes": Access((401, 422, 403, 422, 422), body={"name": "Which?", "policies": ["nothing@1"]}),
    "GET /votes/{vote_id}": Access(TEAM),
    "POST /votes/{vote_id}/close": Access((401, 404, 403, 200, 200), body={}),
    "DELETE /votes/{vote_id}": Access((401, 404, 403, 204, 204)),
    "GET /comparisons": Access(SIGNED_IN),
    # To the stranger, who writes to a team of their own, there is no such run.
    "POST /comparisons": Access((401, 422, 403, 201, 201), body={"name": "Mine", "query": "policies={run}@0"}),
    "GET /comparisons/{comparison_id}": Access(TEAM),
    "PATCH /comparisons/{comparison_id}": Access((401, 404, 403, 200, 200), body={"notes": "Sharper."}),
    "DELETE /comparisons/{comparison_id}": Access((401, 404, 403, 204, 204)),
    "GET /reports": Access(SIGNED_IN),
    "POST /reports": Access((401, 422, 403, 201, 201), body={"title": "Findings", "team": "lab"}),
    "GET /reports/{report_id}": Access(TEAM),
    "PATCH /reports/{report_id}": Access((401, 404, 403, 200, 200), body={"title": "Found", "version": 1}),
    "DELETE /reports/{report_id}": Access((401, 404, 403, 204, 204)),
    "GET /reports/{report_id}/report.html": Access(TEAM),
    "GET /reports/{report_id}/report.pdf": Access(TEAM),
    "GET /teams/{slug}/share-links": Access(WRITERS_READ),
    "DELETE /teams/{slug}/share-links/{link_id}": Access((401, 404, 403, 204, 204)),
    "GET /runs/{run_id}/share-links": Access(WRITERS_READ),
    "POST /runs/{run_id}/share-links": Access(WRITERS_MAKE, body={}),
    "GET /reports/{report_id}/share-links": Access(WRITERS_READ),
    "POST /reports/{report_id}/share-links": Access(WRITERS_MAKE, body={}),
    "GET /comparisons/{comparison_id}/share-links": Access(WRITERS_READ),
    "POST /comparisons/{comparison_id}/share-links": Access(WRITERS_MAKE, body={}),
    "GET /samples/{sample_id}/picture": Access(TEAM),
    "GET /samples/{sample_id}/thumbnail": Access(TEAM),
    "GET /checkpoints/{checkpoint_id}/folder.zip": Access(TEAM),
    "GET /checkpoints/{checkpoint_id}/lora.safetensors": Access(TEAM),
    "GET /checkpoints/{checkpoint_id}/card.md": Access(TEAM, query="?licence=mit"),
    "GET /checkpoints/{checkpoint_id}/model.zip": Access(TEAM, query="?licence=mit"),
    "POST /checkpoints/{checkpoint_id}/push": Access(WRITERS_ASK, body={"repository": "lab/mine", "licence": "mit"}),
    "GET /checkpoints/{checkpoint_id}/pushes": Access(TEAM),
    "GET /pushes/{push_id}": Access(TEAM),
    "POST /pushes/{push_id}/call-back": Access(WRITERS_ASK, body={}),
}


class Things(dict):
    """What the operations lead to, all of the lab's team; what few of them need is made when asked for."""

    def __init__(self, lab: Lab, known: dict):
        super().__init__(known)
        self.lab = lab

    def __missing__(self, name: str):
        self[name] = MAKERS[name](self.lab)
        return self[name]


def a_sweep(lab: Lab) -> uuid.UUID:
    config = load_recipe("sandbox-smoke").model_dump(mode="json")
    return make_sweep(lab.member, lab.experiment, "seeds", "sandbox-smoke", config, [], [0, 1]).id


def an_evaluation(lab: Lab) -> uuid.UUID:
    return queue_evaluation(lab, add_run(lab.experiment)).id


def an_alert(lab: Lab) -> int:
    fields = {"kind": "not_finite", "iteration": 1, "mark": 1, "level": 0, "since": 0, "summary": "NaN."}
    return Alert.objects.create(run=Run.objects.get(name="ours"), **fields).id


def a_comment(lab: Lab) -> int:
    subject = find_subject(lab.member, str(Run.objects.get(name="ours").id))
    return add_comment(lab.member, subject, "@viewer, well").id


def a_comparison(lab: Lab) -> int:
    looking = Looking(policies=(PolicyRef(Run.objects.get(name="ours").id, 0),))
    return save_comparison(lab.owner, "Base", "", looking).id


def a_push(lab: Lab) -> uuid.UUID:
    checkpoint = Run.objects.get(name="ours").checkpoints.get()
    return push(lab.member, checkpoint, Wish("lab/ours", True, Licence("mit"), "hf_any")).id


MAKERS = {
    "push_id": a_push,
    "sheet_id": lambda lab: ask_to_draw(lab.member, Run.objects.get(name="ours")).id,
    "drawing_id": lambda lab: serve(ask_to_draw(lab.member, Run.objects.get(name="ours")))[0].id,
    "report_id": lambda lab: add_report(lab, f"```curves\nruns: {Run.objects.get(name='ours').id}\n```").id,
    "link_id": lambda lab: make_link(lab, Run.objects.get(name="ours")).link.id,
    "comment_id": a_comment,
    "comparison_id": a_comparison,
    "sweep_id": a_sweep,
    "vote_id": lambda lab: add_vote(lab).id,
    "alert_id": an_alert,
    "item_id": lambda lab: create_item(lab.member, lab.team, "Cats", prompts_content("a cat\n")).item_id,
    "job_id": an_evaluation,
    "node_id": lambda lab: add_node("gpu-1").id,
    "member_id": lambda lab: Membership.objects.get(team=lab.team, user=lab.viewer).id,
    "invitation_id": lambda lab: invite(lab.owner, lab.team, Role.VIEWER, num_days=1, max_uses=1).invitation.id,
}


@pytest.fixture
def things(lab, settings) -> Things:
    run = add_run(lab.experiment, name="ours")
    add_lines(run, "It starts.")
    add_point(run, "reward/mean", 1, 0.5)
    sample = add_sample(run, 1)
    picture = Path(settings.MEDIA_ROOT) / run.folder / sample.path
    picture.parent.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(picture)
    checkpoint = add_checkpoint(run, 1, {"pytorch_lora_weights.safetensors": b"weights"})
    ids = {"experiment_id": lab.experiment.id, "run_id": run.id, "run": run.id, "name": "sandbox-smoke"}
    ids |= {"sample_id": sample.id, "checkpoint_id": checkpoint.id}
    return Things(lab, ids | {"slug": lab.team.slug, "kind": "not_finite", "number": 1})


def address_of(operation: str, things: dict) -> str:
    return f"/api/v1{operation.split(' ')[1]}{ACCESS[operation].query}".format_map(things)


def named(value, things: dict):
    """A value of a body, with the things that its texts name."""
    if isinstance(value, list):
        return [named(one, things) for one in value]
    return value.format_map(things) if isinstance(value, str) else value


def ask(client: Client, operation: str, things: dict):
    method = operation.split(" ")[0]
    access, address = ACCESS[operation], address_of(operation, things)
    if access.body is None:
        return client.generic(method, address)
    body = {key: named(value, things) for key, value in access.body.items()}
    headers = {"Attempt-Token": str(uuid.uuid4()), "Hub-Token": "hf_any"}
    return client.generic(method, address, json.dumps(body), content_type="application/json", headers=headers)


def test_every_operation_of_the_schema_is_in_the_matrix(client):
    schema = client.get("/api/v1/openapi.json").json()
    operations = [
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in schema["paths"].items()
        for method in methods
    ]
    assert sorted(operations) == sorted(ACCESS)


@pytest.mark.parametrize("operation", ACCESS)
@pytest.mark.parametrize("number", range(len(PEOPLE)), ids=PEOPLE)
def test_each_person_gets_what_the_matrix_says(operation, number, lab: Lab, things, as_program):
    client = as_program(getattr(lab, PEOPLE[number], None))
    response = ask(client, operation, things)
    assert response.status_code == ACCESS[operation].expected[number], response.text
    if response.status_code >= 400:
        assert response.json()["error"]


@pytest.mark.parametrize("operation", ["GET /runs", "GET /experiments", "GET /teams", "GET /me"])
def test_lists_hold_nothing_of_another_team(operation, lab, things, as_program):
    theirs = ask(as_program(lab.stranger), operation, things).text
    ours = ask(as_program(lab.viewer), operation, things).text
    assert not {"ours", '"lab"', lab.experiment.name} & set(_words(theirs))
    assert not {"Theirs", "Elsewhere"} & set(_words(ours))


def _words(text: str) -> list[str]:
    return [mark for mark in ("ours", '"lab"', "Thresholds", "Theirs", "Elsewhere") if mark in text]


@pytest.mark.parametrize("operation", [name for name in ACCESS if not name.startswith("GET")])
def test_a_token_that_may_read_changes_nothing(operation, lab, things, as_program):
    assert address_of(operation, things)
    before = (Run.objects.count(), Experiment.objects.count())
    response = ask(as_program(lab.owner, Scope.READ), operation, things)
    assert (response.status_code, "scope write" in response.json()["error"]) == (403, True)
    assert (Run.objects.count(), Experiment.objects.count()) == before
    assert Run.objects.get(id=things["run_id"]).cancel_requested_at is None


def test_a_token_that_may_read_reads(lab, things, as_program):
    assert ask(as_program(lab.viewer, Scope.READ), "GET /runs/{run_id}", things).status_code == 200


@pytest.mark.parametrize("header", ["Bearer fdp_unknown", "Bearer ", "Bearer fdp_ü"])
def test_a_token_that_is_none_is_refused_even_in_a_signed_in_browser(header, client, lab):
    client.force_login(lab.member)
    response = client.get("/api/v1/me", headers={"Authorization": header})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert "make a new one" in response.json()["error"]


def test_a_browser_asks_by_its_session_and_changes_only_with_its_csrf_token(lab, things):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(lab.member)
    assert browser.get("/api/v1/me").json()["email"] == lab.member.email
    address = f"/api/v1/runs/{things['run_id']}/cancel"
    refused = browser.post(address, {}, content_type="application/json")
    assert (refused.status_code, "X-CSRFToken" in refused.json()["error"]) == (403, True)
    browser.get("/api/v1/docs")
    token = browser.cookies["csrftoken"].value
    done = browser.post(address, {}, content_type="application/json", headers={"X-CSRFToken": token})
    assert done.status_code == 202


def test_a_run_that_does_not_exist_looks_like_one_of_another_team(lab, things, as_program):
    stranger = as_program(lab.stranger)
    missing = ask(stranger, "GET /runs/{run_id}", things | {"run_id": "00000000-0000-0000-0000-000000000000"})
    theirs = ask(stranger, "GET /runs/{run_id}", things)
    assert (missing.status_code, missing.text) == (theirs.status_code, theirs.text) == (404, theirs.text)


def test_the_page_of_the_docs_is_for_people_and_the_schema_for_everyone(client, lab):
    assert client.get("/api/v1/openapi.json").json()["info"]["title"] == "Flow-DPPO"
    assert client.get("/api/v1/docs")["Location"].startswith("/accounts/login/")
    client.force_login(lab.viewer)
    page = client.get("/api/v1/docs").text
    assert "/static/ninja/swagger-ui-bundle.js" in page and "https://" not in page
