"""The embedded PostgreSQL, for the length of a command that needs it while the platform is down."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from stack.embedded import embedded_servers
from stack.errors import StackError
from stack.postgres_server import as_account

STOP_SECONDS = 60


def run_again_with_database(root: Path, data_dir: Path) -> int:
    """This very command once more, in a process that is given the database; returns its exit code."""
    with _postgres(data_dir) as environment:
        return subprocess.run([sys.executable, *sys.argv], cwd=root, env=os.environ | environment).returncode


@contextlib.contextmanager
def _postgres(data_dir: Path) -> Iterator[dict[str, str]]:
    """The variables that name it. Raises StackError where the platform is just starting or stopping."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError("The platform is starting or stopping: try again in a moment.") from None
        servers = embedded_servers(data_dir)
        servers.postgres.prepare()
        log_path = data_dir / "logs" / "postgres-alone.log"
        log_path.parent.mkdir(exist_ok=True)
        with log_path.open("a") as log:
            process = subprocess.Popen(
                servers.postgres.command, stdout=log, stderr=log, cwd="/", **as_account(servers.postgres.account)
            )
        try:
            servers.postgres.wait_until_ready(lambda: process.poll() is None)
            yield {"DATABASE_URL": servers.endpoints.database_url, "REDIS_URL": servers.endpoints.redis_url}
        finally:
            # Its fast shutdown: it waits for no session.
            process.send_signal(signal.SIGINT)
            process.wait(timeout=STOP_SECONDS)
