"""A checkpoint as others get it, the LoRA for diffusers with its model card: into a folder, or onto the Hub."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import typer

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.pulling import unpack
from flowdppo_engine.client.refusals import ClientError, Exit
from flowdppo_engine.client.watching import PATIENCE

TOKEN_VARIABLE = "HF_TOKEN"
Say = Callable[[str], None]


def find_checkpoint(connection: Connection, run: dict, iteration: int | None) -> dict:
    """Of this iteration; without one the newest that is kept. Raises ClientError."""
    kept = [one for one in connection.get(f"/runs/{run['id']}/checkpoints") if not one["removed"]]
    found = [one for one in kept if iteration in (None, one["iteration"])]
    if found:
        return max(found, key=lambda one: one["iteration"])
    there = ", ".join(str(one["iteration"]) for one in kept)
    if iteration is None or not there:
        raise ClientError(f"{run['name']} has no checkpoint that is kept: wait for its first one.", Exit.DOES_NOT_FIT)
    raise ClientError(f"--iteration {iteration}: no checkpoint of it is kept; there are: {there}.", Exit.DOES_NOT_FIT)


def take_out(connection: Connection, checkpoint: dict, folder: Path, licence: dict[str, str]) -> Path:
    """Into `folder`, which must not be there yet. Raises ClientError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ClientError(f"--to {folder} is there already: name another folder, or delete it.", Exit.DOES_NOT_FIT)
    folder = folder.resolve()
    archive = folder.with_name(f"{folder.name}.zip.part")
    connection.download(f"/checkpoints/{checkpoint['id']}/model.zip", archive, **licence)
    unpack(archive, folder)
    return folder


def read_token() -> str:
    """From HF_TOKEN, a pipe, or the keyboard, which does not show it."""
    found = os.environ.get(TOKEN_VARIABLE, "")
    if found:
        return found
    if sys.stdin.isatty():
        return typer.prompt("Token of the Hub that may write (it is not shown)", hide_input=True).strip()
    return sys.stdin.readline().strip()


def push(connection: Connection, checkpoint: dict, wish: dict, token: str) -> dict:
    """Have the server send it. Raises ClientError."""
    if not token.isascii() or not token.isprintable():
        raise ClientError("This is no token of the Hub: copy it once more.", Exit.DOES_NOT_FIT)
    return connection.post(f"/checkpoints/{checkpoint['id']}/push", wish, {"Hub-Token": token})


def wait_for(connection: Connection, pushed: dict, every: float, say: Say) -> dict:
    """Until it is there; `say` is called with what has changed. Raises ClientError where it failed."""
    connection.patience, said = PATIENCE, ""
    while pushed["state"] in ("waiting", "sending"):
        if said != (said := " ".join(filter(None, (f"{pushed['state']}.", pushed["error"])))):
            say(said)
        time.sleep(every)
        pushed = connection.get(f"/pushes/{pushed['id']}")
    if pushed["state"] == "failed":
        raise ClientError(f"{pushed['repository']}: {pushed['error']}")
    return pushed
