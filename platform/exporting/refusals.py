"""What the Hub's refusals mean, in words that say what to do; and whether trying again may help."""

from dataclasses import dataclass

from django.conf import settings

LONGEST_SAID = 300


@dataclass(frozen=True)
class Refusal:
    words: str
    is_final: bool


def read_refusal(answer: dict, repository: str, is_private: bool) -> Refusal:
    """Of what `hub_child` answered: the step, HTTP's status, and what the Hub said."""
    hub = settings.HUB_ENDPOINT
    if answer["step"] == "visibility":
        there, wanted = ("public", "private") if is_private else ("private", "public")
        return Refusal(
            f"{repository} is there already and {there}, so nothing was sent: choose {there}, another name, "
            f"or make it {wanted} on the Hub.",
            is_final=True,
        )
    status, said = answer["status"], answer["said"][:LONGEST_SAID]
    namespace = repository.partition("/")[0]
    if status is None:
        return Refusal(f"{hub} cannot be reached ({said}).", is_final=False)
    if status == 429 or status >= 500:
        return Refusal(f"{hub} does not take it now (HTTP {status}: {said}).", is_final=False)
    if status == 401:
        words = (
            "The Hub does not know this token: it may be mistyped, expired or revoked. Make a new one that may write."
        )
    elif status == 403:
        words = f"This token may not write to {repository} ({said}): give one with write access to {namespace}."
    elif status == 404:
        words = f"{hub} has no such repository, or this token may not see it ({said}): look at its name."
    elif status == 0:
        words = f"It could not be sent: {said}."
    else:
        words = f"The Hub refuses it (HTTP {status}: {said})."
    return Refusal(words, is_final=True)
