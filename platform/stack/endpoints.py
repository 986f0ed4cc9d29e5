"""Where the embedded servers of a data folder answer. Django-free: the settings ask it."""

import socket
from dataclasses import dataclass
from pathlib import Path

from stack import credentials
from stack.credentials import DATABASE, Credentials


@dataclass(frozen=True)
class Endpoints:
    database_url: str
    redis_url: str


def of(known: Credentials) -> Endpoints:
    """The addresses that these ports and passwords make."""
    return Endpoints(
        database_url=f"postgresql://{DATABASE}:{known.postgres_password}@127.0.0.1:{known.postgres_port}/{DATABASE}",
        redis_url=f"redis://:{known.redis_password}@127.0.0.1:{known.redis_port}/0",
    )


def read(data_dir: Path) -> Endpoints | None:
    """The addresses of the embedded PostgreSQL and Redis of this data folder, or None where they are not up."""
    known = credentials.load(Path(data_dir))
    if known and _answers(known.postgres_port) and _answers(known.redis_port):
        return of(known)
    return None


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
