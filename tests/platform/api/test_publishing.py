"""A checkpoint as others get it, over the API and from the command line: card, zip, folder, and on the Hub."""

import io
import zipfile

import pytest
import yaml
from typer.testing import CliRunner

from api.models import StoredAnswer
from core.encryption import decrypt
from exporting.models import Push
from exporting.services import TOKEN
from flowdppo_engine.client import commands, publishing
from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.refusals import ClientError, Exit, Gone
from flowdppo_engine.client.signing_in import SignIn
from runs.models import Checkpoint
from teams.api_tokens import make_token
from teams.models import Scope
from tests.platform.lab import add_checkpoint, add_run

pytestmark = pytest.mark.django_db

LORA = "pytorch_lora_weights.safetensors"
WISH = {"repository": "lab/mine", "licence": "mit"}


@pytest.fixture
def checkpoint(lab) -> Checkpoint:
    run = add_run(lab.experiment, "mine")
    add_checkpoint(run, 20).delete()
    add_checkpoint(run, 10, {LORA: b"older"})
    return add_checkpoint(run, 40, {LORA: b"weights"})


@pytest.fixture
def ask_push(program, checkpoint):
    def ask(body: dict = WISH, token: str = "hf_of_a_member", **headers: str):
        path = f"/api/v1/checkpoints/{checkpoint.id}/push"
        headers = {"Hub-Token": token} | headers
        return program.post(path, body, content_type="application/json", headers=headers)

    return ask


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
def test_card_and_zip_are_those_of_the_page(program, checkpoint, member):
    at = f"/api/v1/checkpoints/{checkpoint.id}"
    card = program.get(f"{at}/card.md", {"licence": "mit"})
    assert card["Content-Type"].startswith("text/markdown")
    answer = program.get(f"{at}/model.zip", {"licence": "mit"})
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    assert set(archive.namelist()) == {f"mine-40/{name}" for name in ("README.md", "config.yaml", LORA)}
    assert archive.read("mine-40/README.md").decode() == card.text
    assert yaml.safe_load(card.text.split("---\n")[1])["license"] == "mit"
    page = member.get(f"/checkpoints/{checkpoint.id}/export/", {"licence": "mit"})
    assert "license: mit" in page.text


def test_a_licence_that_is_none_is_refused_with_what_to_give(program, checkpoint):
    for path in ("card.md", "model.zip"):
        answer = program.get(f"/api/v1/checkpoints/{checkpoint.id}/{path}", {"licence": "gpl"})
        (problem,) = answer.json()["problems"]
        assert (answer.status_code, problem["field"], problem["value"]) == (422, "licence", "gpl")
        assert "choose base, apache-2.0, mit" in problem["message"]
    # The sandbox's own model has none.
    assert program.get(f"/api/v1/checkpoints/{checkpoint.id}/card.md").status_code == 422


def test_a_push_is_asked_for_and_looked_at(ask_push, program, checkpoint):
    asked = ask_push()
    assert asked.status_code == 202
    told = asked.json()
    assert (told["state"], told["repository"], told["is_private"], told["licence"]) == (
        "waiting",
        "lab/mine",
        True,
        "mit",
    )
    assert told["page"] == f"/checkpoints/{checkpoint.id}/export/#hub"
    assert program.get(f"/api/v1/pushes/{told['id']}").json() == told
    assert program.get(f"/api/v1/checkpoints/{checkpoint.id}/pushes").json() == [told]
    assert "hf_of_a_member" not in asked.text


def test_asked_twice_it_goes_once(ask_push):
    first = ask_push(**{"Idempotency-Key": "one"})
    again = ask_push(**{"Idempotency-Key": "one"})
    assert again.json() == first.json() and again["Idempotent-Replayed"] == "true"
    refused = ask_push()
    assert refused.status_code == 409 and "on its way to lab/mine already" in refused.json()["error"]
    assert Push.objects.count() == 1
    assert "hf_of_a_member" not in str(list(StoredAnswer.objects.values()))


@pytest.mark.parametrize(
    ("body", "token", "field"),
    [
        (WISH | {"repository": "mine"}, "hf_secret", "repository"),
        (WISH | {"licence": "gpl"}, "hf_secret", "licence"),
        (WISH | {"public": True}, "hf_secret", "body.public"),
        ({"licence": "mit"}, "hf_secret", "repository"),
        (WISH, "", "Hub-Token"),
        (WISH, "hf_secret with spaces", "Hub-Token"),
    ],
)
def test_what_does_not_fit_is_named_and_the_token_is_in_no_answer(ask_push, body, token, field):
    answer = ask_push(body, token)
    (problem,) = answer.json()["problems"]
    assert answer.status_code == 422 and problem["field"].endswith(field.removeprefix("body."))
    assert "hf_secret" not in answer.text and not Push.objects.exists()


@pytest.fixture
def connection(lab, live_server) -> Connection:
    return Connection(SignIn(live_server.url, make_token(lab.member, "tests", Scope.WRITE, num_days=1).text))


def found(connection: Connection, checkpoint: Checkpoint, iteration: int | None = None) -> dict:
    return publishing.find_checkpoint(connection, {"id": checkpoint.run_id, "name": "mine"}, iteration)


@pytest.mark.django_db(transaction=True)
def test_it_is_taken_home_into_a_folder(connection, checkpoint, tmp_path):
    newest = found(connection, checkpoint)
    assert newest["id"] == checkpoint.id and found(connection, checkpoint, 10)["iteration"] == 10
    folder = publishing.take_out(connection, newest, tmp_path / "out" / "model", {"licence": "mit"})
    assert {path.name for path in folder.iterdir()} == {"README.md", "config.yaml", LORA}
    assert (folder / LORA).read_bytes() == b"weights" and [path.name for path in folder.parent.iterdir()] == ["model"]
    with pytest.raises(ClientError, match="is there already: name another folder"):
        publishing.take_out(connection, newest, folder, {"licence": "mit"})
    with pytest.raises(ClientError, match="licence = gpl|'gpl' is no licence") as refusal:
        publishing.take_out(connection, newest, tmp_path / "other", {"licence": "gpl"})
    assert refusal.value.code == Exit.DOES_NOT_FIT
    with pytest.raises(ClientError, match="--iteration 30: no checkpoint of it is kept; there are: 40, 10"):
        found(connection, checkpoint, 30)
    gone = add_checkpoint(checkpoint.run, 50)
    with pytest.raises(Gone, match="take a newer one"):
        publishing.take_out(connection, {"id": gone.id}, tmp_path / "third", {"licence": "mit"})


@pytest.mark.django_db(transaction=True)
def test_the_commands_do_both(lab, live_server, connection, checkpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWDPPO_SERVER", live_server.url)
    monkeypatch.setenv("FLOWDPPO_TOKEN", make_token(lab.member, "tests", Scope.WRITE, num_days=1).text)

    def flowdppo(*words: str, given: str = "") -> str:
        done = CliRunner().invoke(commands.app, words, input=given)
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    folder = tmp_path / "model"
    assert flowdppo("card", "mine", "--iteration", "10", "--to", str(folder), "--licence", "mit") == str(folder)
    assert (folder / LORA).read_bytes() == b"older" and "iteration 10" in (folder / "README.md").read_text()

    own = ("--licence", "other", "--licence-name", "Ours", "--licence-link", "https://example.org/l")
    push_id = flowdppo("push", "mine", "lab/mine", "--public", *own, "--detach", given="hf_good\n")
    push = Push.objects.get(id=push_id)
    assert (push.checkpoint, push.repository, push.is_private) == (checkpoint, "lab/mine", False)
    assert (push.licence_name, push.licence_link) == ("Ours", "https://example.org/l")
    assert decrypt(push.token, TOKEN) == "hf_good"
    with pytest.raises(ClientError, match="no token of the Hub"):
        publishing.push(connection, {"id": checkpoint.id}, WISH, "hf_ü")
