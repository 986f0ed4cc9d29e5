"""What people type of the Hub: a repository, and a token. Both are looked at before anything is kept."""

import re

REPOSITORY = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9_])?/[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?", re.ASCII)
LONGEST_NAME = 96
TOKEN = re.compile(r"[!-~]{3,500}")


def read_repository(text: str) -> str:
    """As the Hub takes it: NAME/REPOSITORY. Raises ValueError."""
    text = text.strip()
    parts = text.split("/")
    fits = REPOSITORY.fullmatch(text) and "--" not in text and ".." not in text and not text.endswith(".git")
    if not fits or max(map(len, parts)) > LONGEST_NAME:
        raise ValueError(
            f"{text[:120]!r} is no repository of the Hub: give NAME/REPOSITORY, with letters, digits, single - and ."
        )
    return text


def read_token(text: str) -> str:
    """Raises ValueError, which does not say what was given."""
    text = text.strip()
    if not text:
        raise ValueError("The token is empty: make one that may write at huggingface.co/settings/tokens.")
    if not TOKEN.fullmatch(text):
        raise ValueError("This is no token of the Hub: copy it once more, without spaces; it begins with hf_.")
    return text
