"""A backup becomes an installation again."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection

from runs import lifecycle
from runs.models import Attempt, AttemptOutcome, RunState
from stack import backup_folder, postgres_tools
from stack.backup import NUM_THREADS, Told
from stack.backup_folder import Manifest, read_manifest
from stack.errors import StackError

REASON = "The installation was restored from a backup."


def restore_backup(source: Path, replace: bool, say: Callable[[str], None], told: Told) -> Manifest:
    """Into an empty installation, or with `replace` into one whose own content goes.

    Raises StackError, and changes nothing, where the backup does not fit here.
    """
    manifest = read_manifest(source)
    check(source, manifest, replace)
    if replace:
        say("Emptying this installation.")
        _empty()
    say("Loading the database.")
    postgres_tools.load(source / backup_folder.DATABASE)
    call_command("migrate", interactive=False, verbosity=0)
    say("Copying the files.")
    _copy_files(source / backup_folder.FILES, told)
    prompts = source / backup_folder.PROMPTS
    if prompts.is_dir():
        shutil.copytree(prompts, settings.PROMPTS_DIR, dirs_exist_ok=True)
    _keep_key(source)
    _give_back_runs()
    return manifest


def check(source: Path, manifest: Manifest, replace: bool) -> None:
    """Raises StackError with the first thing that stands in the way."""
    here = "folder" if default_storage.is_folder else "bucket"
    if manifest.kept_in != here:
        raise StackError(
            f"The files of this backup are from a {manifest.kept_in}, and here they are kept in a {here}: "
            f"{'unset FILES_URL' if here == 'bucket' else 'set FILES_URL'} to restore it."
        )
    if unknown := backup_folder.unknown_migrations(manifest):
        raise StackError(
            f"The backup was made by a newer release ({manifest.release}; {unknown[-1]} is not known here): "
            "restore it with that release."
        )
    if os.environ.get("SECRET_KEY", "") not in ("", _key_of(source)):
        raise StackError(
            f"SECRET_KEY is another than the backup's, and second factors could not be read: set it to what stands "
            f"in {source / backup_folder.SECRET_KEY}, or unset it."
        )
    if others := _other_sessions():
        raise StackError(f"{others} sessions use this database: stop the web and worker processes first.")
    if not replace and (_has_tables() or _has_files()):
        raise StackError("This installation is not empty: restore into an empty one, or add --replace.")


def _has_tables() -> bool:
    return bool(connection.introspection.table_names())


def _has_files() -> bool:
    try:
        return bool(default_storage.walk("runs"))
    except FileNotFoundError:
        return False


def _other_sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            # The server's own housekeeping is nobody's session.
            "AND backend_type = 'client backend'"
        )
        return cursor.fetchone()[0]


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    if default_storage.is_folder:
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    else:
        default_storage.delete_folder("")


def _copy_files(folder: Path, told: Told) -> None:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    num_bytes = 0
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        sizes = pool.map(lambda path: _copy(path, path.relative_to(folder).as_posix()), paths)
        for num_files, size in enumerate(sizes, 1):
            num_bytes += size
            told(num_files, num_bytes)


def _copy(path: Path, name: str) -> int:
    if default_storage.is_folder:
        target = Path(default_storage.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    else:
        default_storage.put(name, path)
    return path.stat().st_size


def _key_of(source: Path) -> str:
    return (source / backup_folder.SECRET_KEY).read_text().strip()


def _keep_key(source: Path) -> None:
    """Where the environment names no key, the data folder's is the backup's from now on."""
    if not os.environ.get("SECRET_KEY"):
        path = settings.DATA_DIR / "secret_key"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(_key_of(source))


def _give_back_runs() -> None:
    """What ran when the backup was made goes on from its last checkpoint."""
    running = Attempt.objects.filter(
        outcome=AttemptOutcome.RUNNING, run__state=RunState.RUNNING, run__is_reported=False
    )
    for attempt in running:
        lifecycle.abandon(attempt, REASON)
