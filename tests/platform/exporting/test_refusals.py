"""What the Hub says is told in words, and tried again only where that may help."""

import pytest

from exporting.refusals import read_refusal


@pytest.fixture(autouse=True)
def hub(settings):
    settings.HUB_ENDPOINT = "https://hub.example.org"


def read(status: int | None, said: str = "Said", step: str = "upload", is_private: bool = True):
    return read_refusal({"step": step, "status": status, "said": said}, "lab/mine", is_private)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "https://hub.example.org cannot be reached (Said)."),
        (429, "https://hub.example.org does not take it now (HTTP 429: Said)."),
        (500, "https://hub.example.org does not take it now (HTTP 500: Said)."),
    ],
)
def test_what_may_pass_is_tried_again(status, words):
    refusal = read(status)
    assert (refusal.words, refusal.is_final) == (words, False)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "The Hub does not know this token"),
        (403, "This token may not write to lab/mine (Said): give one with write access to lab."),
        (404, "https://hub.example.org has no such repository, or this token may not see it (Said)"),
        (400, "The Hub refuses it (HTTP 400: Said)."),
        (0, "It could not be sent: Said."),
    ],
)
def test_what_stays_as_it_is_ends_it(status, words):
    refusal = read(status)
    assert refusal.words.startswith(words) and refusal.is_final


@pytest.mark.parametrize(("is_private", "there"), [(True, "public"), (False, "private")])
def test_a_repository_that_others_see_than_was_said_is_left_alone(is_private, there):
    refusal = read_refusal({"step": "visibility"}, "lab/mine", is_private)
    assert refusal.is_final and f"is there already and {there}, so nothing was sent: choose {there}" in refusal.words


def test_long_words_of_the_hub_are_cut():
    assert len(read(400, "x" * 1000).words) < 400
