"""Ports and passwords of the embedded servers, made once and kept in the data folder, readable by its owner alone."""

import json
import os
import random
import secrets
import socket
from dataclasses import asdict, dataclass, replace
from pathlib import Path

CREDENTIALS_FILE = "stack.json"
DATABASE = "flowdppo"

# Below the range from which Linux takes ports for outgoing connections: a restarted server finds its port again.
PORTS = range(20000, 32000)


@dataclass(frozen=True)
class Credentials:
    postgres_port: int
    postgres_password: str
    redis_port: int
    redis_password: str


def load(data_dir: Path) -> Credentials | None:
    """What an earlier start wrote down, or None before the first one."""
    try:
        return Credentials(**json.loads((data_dir / CREDENTIALS_FILE).read_text()))
    except FileNotFoundError:
        return None


def load_or_create(data_dir: Path) -> Credentials:
    """The remembered ports and passwords; a port that another program has taken since is chosen anew."""
    remembered = load(data_dir) or Credentials(0, secrets.token_urlsafe(24), 0, secrets.token_urlsafe(24))
    current = replace(
        remembered,
        postgres_port=_keep_or_choose(remembered.postgres_port),
        redis_port=_keep_or_choose(remembered.redis_port),
    )
    _save(data_dir, current)
    return current


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    return next(candidate for candidate in random.sample(PORTS, len(PORTS)) if is_free(candidate))


def _keep_or_choose(port: int) -> int:
    return port if port and is_free(port) else free_port()


def _save(data_dir: Path, credentials: Credentials) -> None:
    path = data_dir / CREDENTIALS_FILE
    staged = path.with_suffix(".new")
    staged.unlink(missing_ok=True)
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(asdict(credentials), file)
    staged.replace(path)
