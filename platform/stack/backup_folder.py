"""What a backup is made of: a folder with database, files and signing key, and a manifest that is written last."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from stack.errors import StackError

LAYOUT = 1
MANIFEST = "manifest.json"
DATABASE = "database.dump"
FILES = "files"
PROMPTS = "prompts"
SECRET_KEY = "secret_key"


@dataclass(frozen=True)
class Manifest:
    """`kept_in` is the kind of storage that the files are from; in another kind they would have other names."""

    made_at: str
    release: str
    kept_in: str
    num_files: int
    num_bytes: int
    migrations: list[str]
    layout: int = field(default=LAYOUT)

    def write(self, folder: Path) -> None:
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=2) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Raises StackError for a folder that is no whole backup, or one of a release that lays it out in another way."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise StackError(f"{folder} is no whole backup: it has no {MANIFEST} that can be read.") from error
    if manifest.layout != LAYOUT:
        raise StackError(f"{folder} was made by release {manifest.release}: restore it with that release.")
    return manifest


def applied_migrations() -> list[str]:
    return sorted(f"{app}.{name}" for app, name in MigrationLoader(connection).applied_migrations)


def unknown_migrations(manifest: Manifest) -> list[str]:
    """Those that made the tables of the backup and that this release does not have: it is older."""
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    return [name for name in manifest.migrations if name not in known]
