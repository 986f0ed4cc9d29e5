"""The page from which a checkpoint is pushed: who may, what is typed, what is told, and that no token comes back."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from exporting.models import Push, PushState
from runs.models import Checkpoint
from tests.platform.lab import add_checkpoint, add_run

pytestmark = pytest.mark.django_db

PUSH = {"licence": "mit", "repository": "lab/mine", "seen_by": "private", "token": "hf_of_a_member"}


@pytest.fixture
def checkpoint(lab) -> Checkpoint:
    return add_checkpoint(add_run(lab.experiment, "mine"), 40, {"pytorch_lora_weights.safetensors": b"weights"})


@pytest.fixture
def address(checkpoint) -> str:
    return f"/checkpoints/{checkpoint.id}"


def test_what_is_pushed_is_what_the_page_showed(member, checkpoint, address):
    answer = member.post(f"{address}/push/", PUSH)
    assert (answer.status_code, answer["Location"]) == (302, f"{address}/export/?licence=mit#hub")
    push = Push.objects.get()
    assert (push.checkpoint, push.repository, push.is_private, push.licence_id) == (
        checkpoint,
        "lab/mine",
        True,
        "mit",
    )
    page = member.get(answer["Location"]).text
    assert "lab/mine" in page and "waiting" in page and f'hx-get="{address}/pushes/"' in page
    assert PUSH["token"] not in page and 'type="password"' in page
    assert 'name="repository" value="lab/mine"' in page, "the next one goes where the last one went"


def test_the_licence_goes_along_as_it_was_chosen(member, address):
    own = {"licence": "other", "licence_name": "Ours", "licence_link": "https://example.org/l"}
    page = member.get(f"{address}/export/", own).text
    for name, value in own.items():
        assert f'type="hidden" name="{name}" value="{value}"' in page
    member.post(f"{address}/push/", PUSH | own | {"seen_by": "public"})
    push = Push.objects.get()
    assert (push.licence_name, push.licence_link, push.is_private) == ("Ours", "https://example.org/l", False)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"repository": "mine"}, "is no repository of the Hub: give NAME/REPOSITORY"),
        ({"token": "hf_ with spaces"}, "This is no token of the Hub"),
        ({"seen_by": "nobody"}, "Select a valid choice"),
        ({"licence": ""}, "Nothing is chosen: say under which licence"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_is_kept(member, address, wrong, words):
    answer = member.post(f"{address}/push/", PUSH | wrong)
    assert answer.status_code == 422 and words in answer.text and not Push.objects.exists()
    assert (PUSH | wrong)["token"] not in answer.text


def test_a_second_one_on_the_way_is_refused_in_words(member, address):
    member.post(f"{address}/push/", PUSH)
    answer = member.post(f"{address}/push/", PUSH)
    assert answer.status_code == 422 and "on its way to lab/mine already" in answer.text
    assert Push.objects.count() == 1


def test_viewers_see_how_it_went_and_push_nothing(lab, as_person, member, address):
    member.post(f"{address}/push/", PUSH)
    Push.objects.update(state=PushState.FAILED, error="The Hub does not know this token.", token="")
    page = as_person(lab.viewer).get(f"{address}/export/", {"licence": "mit"}).text
    assert "The Hub does not know this token." in page and "hx-get" not in page.partition('id="pushes"')[2][:80]
    assert 'name="token"' not in page


def test_what_was_sent_leads_there_and_asks_no_more(member, address, settings):
    settings.HUB_ENDPOINT = "https://hub.example.org"
    member.post(f"{address}/push/", PUSH)
    Push.objects.update(state=PushState.SENT, commit="abc123", token="", num_bytes=10)
    part = member.get(f"{address}/pushes/").text
    assert 'href="https://hub.example.org/lab/mine/commit/abc123"' in part and "hx-get" not in part


def test_the_page_asks_no_more_of_the_database_as_pushes_grow(member, checkpoint, address):
    def num_queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert member.get(f"{address}/pushes/").status_code == 200
        return len(queries)

    member.post(f"{address}/push/", PUSH)
    one = num_queries()
    for number in range(5):
        member.post(f"{address}/push/", PUSH | {"repository": f"lab/mine-{number}"})
    assert num_queries() == one
