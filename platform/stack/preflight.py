"""What is checked before anything starts; each refusal says what to do."""

import os
import shutil
from pathlib import Path

from stack.credentials import is_free
from stack.errors import StackError

DATA_VERSION = 1
MINIMUM_FREE_BYTES = 10**9
DEFAULT_PORT = 8000
NUM_PORTS_TRIED = 100
ELSEWHERE = "set FLOWDPPO_DATA to a folder where you may write."


def prepare_data_folder(data_dir: Path) -> None:
    """Make the data folder, or check that this release can use the one that is there."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"The data folder {data_dir} cannot be made ({error.strerror}): {ELSEWHERE}") from error
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise StackError(
            f"The data folder {data_dir} belongs to another account: start as that account, or {ELSEWHERE}"
        )
    _check_version(data_dir / "VERSION")
    _check_space(data_dir)


def choose_port(host: str, wanted: str | None) -> int:
    """The port of the web server: the one that was asked for, or the first free one from 8000 on."""
    if wanted is None:
        for port in range(DEFAULT_PORT, DEFAULT_PORT + NUM_PORTS_TRIED):
            if is_free(port, host):
                return port
        raise StackError(
            f"No port from {DEFAULT_PORT} on is free on {host}: set PORT, or HOST to an address of yours."
        )
    if not wanted.isdigit() or not 0 < int(wanted) < 65536:
        raise StackError(f"PORT = {wanted} is no port: give a number from 1 to 65535, or leave it unset.")
    if not is_free(int(wanted), host):
        raise StackError(
            f"PORT = {wanted} is taken by another program or not allowed to this account: stop that program, give "
            f"another PORT, or leave it unset and a free one is found."
        )
    return int(wanted)


def _check_version(path: Path) -> None:
    if not path.exists():
        path.write_text(f"{DATA_VERSION}\n")
        return
    found = path.read_text().strip()
    if found != str(DATA_VERSION):
        raise StackError(
            f"{path.parent} was laid out by another release (version {found}, this one is {DATA_VERSION}): start the "
            f"release that made it, or set FLOWDPPO_DATA to another folder."
        )


def _check_space(data_dir: Path) -> None:
    free = shutil.disk_usage(data_dir).free
    if free < MINIMUM_FREE_BYTES:
        raise StackError(
            f"Only {free / 1e6:.0f} MB are free for {data_dir}, and a first run needs about 1 GB: free some space, or "
            f"{ELSEWHERE}"
        )
