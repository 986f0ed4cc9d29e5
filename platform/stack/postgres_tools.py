"""PostgreSQL's own programs, pg_dump and pg_restore, on the database of the settings."""

import os
import shutil
import subprocess
from pathlib import Path

from django.db import connection

from stack.errors import StackError
from stack.postgres_server import find_binaries


def dump(target: Path) -> None:
    """The whole database as it is at one moment. Raises StackError."""
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def load(source: Path) -> None:
    """Into an empty database; all of it or, where something fails, nothing. Raises StackError."""
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run("pg_restore", *options, f"--dbname={connection.settings_dict['NAME']}", str(source))


def _run(program: str, *options: str) -> None:
    done = subprocess.run([_find(program), *options], env=_environment(), capture_output=True, text=True)
    if done.returncode:
        raise StackError(f"{program} failed: {done.stderr.strip()}")


def _find(program: str) -> str:
    """The one that comes with the embedded PostgreSQL, which is as new as any server that we know."""
    bundled = find_binaries() / program
    found = str(bundled) if os.access(bundled, os.X_OK) else shutil.which(program)
    if found is None:
        raise StackError(f"There is no {program}: install PostgreSQL's client programs.")
    return found


def _environment() -> dict[str, str]:
    """The password goes by the environment: other people see command lines."""
    settings = connection.settings_dict
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    given = {variable: str(settings[name]) for variable, name in names.items() if settings[name]}
    options = {f"PG{name.upper()}": str(value) for name, value in settings["OPTIONS"].items() if name == "sslmode"}
    return os.environ | given | options
