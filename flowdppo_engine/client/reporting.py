"""A run that is trained here, without a worker, told to the server: its event stream is sent as it grows."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.refusals import ClientError, Conflict, Exit
from flowdppo_engine.client.watching import PATIENCE
from flowdppo_engine.events import EVENTS_FILE

CONFIG_FILE = "config.yaml"
MEMORY_FILE = "reported.json"
CHUNK_BYTES = 1 << 20
KEEP_HOLD_SECONDS = 15.0
RUNNING = "running"

Tell = Callable[[str], None]


@dataclass
class Hold:
    """The server's word that this process alone reports the run: the stream is stored up to byte `offset`."""

    run_id: str
    token: str
    offset: int


def find_or_register(connection: Connection, folder: Path, experiment: dict | None, name: str) -> dict:
    """The run that this folder was reported as before; else one that is registered now in `experiment`."""
    memory = folder / MEMORY_FILE
    if memory.exists():
        return connection.get(f"/runs/{json.loads(memory.read_text(encoding='utf-8'))['run']}")
    if experiment is None:
        raise ClientError(f"{folder} was not reported yet: give --experiment, its id or name.", Exit.DOES_NOT_FIT)
    body = {"name": name or folder.resolve().name, "config": _read_config(folder)}
    run = connection.post(f"/experiments/{experiment['id']}/reported-runs", body)
    memory.write_text(json.dumps({"server": connection.server, "run": run["id"]}), encoding="utf-8")
    return run


def report(connection: Connection, run: dict, folder: Path, every: float, tell: Tell) -> dict:
    """Send what the engine writes until the run has ended; return the run as it is then."""
    connection.patience = PATIENCE
    hold = _begin(connection, run, tell)
    state, sent_at = RUNNING, time.monotonic()
    while state == RUNNING:
        lines = _read_lines(folder, hold.offset)
        if lines or time.monotonic() - sent_at > KEEP_HOLD_SECONDS:
            state, sent_at = _send(connection, hold, lines), time.monotonic()
        else:
            time.sleep(every)
    return connection.get(f"/runs/{hold.run_id}")


def _begin(connection: Connection, run: dict, tell: Tell) -> Hold:
    """Waits for an earlier reporter's hold to run out, which takes a minute after its last word."""
    give_up = time.monotonic() + connection.patience
    while True:
        try:
            answer = connection.post(f"/runs/{run['id']}/reports", {"host": socket.gethostname()})
            return Hold(run["id"], answer["token"], answer["offset"])
        except Conflict as refusal:
            now = connection.get(f"/runs/{run['id']}")
            if now["state"] != RUNNING or time.monotonic() > give_up:
                raise
            tell(f"{refusal} Trying again.")
            time.sleep(10.0)


def _send(connection: Connection, hold: Hold, lines: bytes) -> str:
    """The run's state after these lines. A report whose answer was lost is not sent twice."""
    try:
        path = f"/runs/{hold.run_id}/events"
        answer = connection.send(path, lines, {"Attempt-Token": hold.token}, offset=hold.offset)
    except Conflict as refusal:
        if "offset" not in refusal.values:
            raise
        hold.offset = refusal.values["offset"]
        return RUNNING
    hold.offset = answer["offset"]
    return answer["state"]


def _read_lines(folder: Path, start: int) -> bytes:
    """Whole lines from byte `start` on."""
    try:
        with (folder / EVENTS_FILE).open("rb") as file:
            file.seek(start)
            content = file.read(CHUNK_BYTES)
            if content and b"\n" not in content:
                content += file.readline()
    except FileNotFoundError:
        return b""
    return content[: content.rfind(b"\n") + 1]


def _read_config(folder: Path) -> dict:
    try:
        return yaml.safe_load((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{folder / CONFIG_FILE} cannot be read: start the engine first, with {folder} as its run folder."
        raise ClientError(message, Exit.DOES_NOT_FIT) from error
