"""Who is called by a text."""

import pytest

from comments.people import FORMER, Directory, name_of
from teams.models import User

ANNA = User(id=1, email="anna@example.org", first_name="Anna", last_name="Berg")
BOB = User(id=2, email="bob.o@example.org")
TWIN, OTHER_TWIN = User(id=3, email="Kim@example.org"), User(id=4, email="kim@example.com")
DIRECTORY = Directory([ANNA, BOB, TWIN, OTHER_TWIN])


def called(text: str) -> list[tuple[str, str]]:
    return [(text[call.start : call.end], call.person.email) for call in DIRECTORY.calls(text)]


@pytest.mark.parametrize(
    ("text", "emails"),
    [
        ("@anna look", [ANNA.email]),
        ("(@Anna, @bob.o.)", [ANNA.email, BOB.email]),
        ("see @anna.", [ANNA.email]),
        ("@anna-", [ANNA.email]),
        ("@kim@example.com @kim@example.org!", [OTHER_TWIN.email, TWIN.email]),
        ("@bob.o@example.org", [BOB.email]),
        # Two are called so, and neither is meant.
        ("@kim", []),
        ("@annabel @ann @bob", []),
        ("mail bob.o@example.org or me@anna", []),
        ("https://example.org/@anna", []),
        ("@ anna", []),
    ],
)
def test_names_lead_to_people(text, emails):
    assert [email for _, email in called(text)] == emails


def test_a_call_has_its_place_in_the_text():
    assert [words for words, _ in called("so, @bob.o. And @anna?")] == ["@bob.o", "@anna"]


def test_people_are_called_by_what_is_theirs_alone():
    assert [person.handle for person in DIRECTORY.people] == ["anna", "bob.o", "kim@example.org", "kim@example.com"]
    assert [person.name for person in DIRECTORY.people][:2] == ["Anna Berg", "bob.o"]
    assert name_of(None) == FORMER


def test_a_long_text_without_names_takes_no_time():
    assert called("@" * 5000 + "." * 5000) == [] and called("@" + "a." * 5000) == []
