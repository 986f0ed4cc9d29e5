"""Runs, experiments and votes as people name them: by id, or by a name that only one has."""

from uuid import UUID

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.refusals import ClientError, Exit


def find_run(connection: Connection, text: str) -> dict:
    """The run with this id or name, as the server shows it."""
    try:
        return connection.get(f"/runs/{UUID(text)}")
    except ValueError:
        named = [run for run in connection.pages("/runs", name=text) if run["name"] == text]
    return connection.get(f"/runs/{_only(named, 'run', text)['id']}")


def find_experiment(connection: Connection, text: str) -> dict:
    if text.isascii() and text.isdigit():
        return connection.get(f"/experiments/{text}")
    named = [one for one in connection.pages("/experiments", name=text) if one["name"] == text]
    return _only(named, "experiment", text)


def find_vote(connection: Connection, text: str) -> dict:
    """With its results, where the person may see them."""
    try:
        return connection.get(f"/votes/{UUID(text)}")
    except ValueError:
        named = [one for one in connection.pages("/votes") if one["name"] == text]
    return connection.get(f"/votes/{_only(named, 'vote', text)['id']}")


def _only(found: list[dict], kind: str, text: str) -> dict:
    if len(found) == 1:
        return found[0]
    listing = "list" if kind == "run" else f"{kind}s"
    if not found:
        message = f"There is no {kind} “{text}” in your teams: `flowdppo {listing}` shows them."
    else:
        ids = ", ".join(str(one["id"]) for one in found)
        message = f"{len(found)} {kind}s are called “{text}”: give one of the ids {ids}."
    raise ClientError(message, Exit.DOES_NOT_FIT)
