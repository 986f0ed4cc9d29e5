"""The operating-system account of the embedded PostgreSQL, which refuses to run as root."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from stack.errors import StackError

ACCOUNT = "flowdppo-postgres"


def postgres_account(folder: Path) -> str | None:
    """The account to run PostgreSQL as: None for our own, or for root the owner of the data, or one made for it."""
    if os.geteuid() != 0:
        return None
    owner = folder.stat().st_uid if folder.exists() else 0
    return pwd.getpwuid(owner).pw_name if owner else _ensure_account()


def let_account_reach(path: Path) -> list[Path]:
    """Let other accounts pass through (not list) the folders above `path`; return those that had to be opened."""
    opened = []
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
            opened.append(folder)
    return opened


def let_account_read(folder: Path) -> None:
    """Let other accounts read and run what is in `folder`, as a strict umask may have kept them from it."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)


def _ensure_account() -> str:
    try:
        return pwd.getpwnam(ACCOUNT).pw_name
    except KeyError:
        pass
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if useradd is None:
        raise StackError(
            "PostgreSQL refuses to run as root, and there is no `useradd` to make an account for it: "
            "start as an ordinary user, or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    made = subprocess.run(
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT],
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise StackError(f"PostgreSQL needs an account of its own, and useradd failed: {made.stderr.strip()}")
    return ACCOUNT
