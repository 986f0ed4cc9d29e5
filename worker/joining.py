"""`python -m worker join URL --token …`: this machine becomes a node of the site at URL.

It gives its token for what a worker needs to know, keeps that in its data folder (FLOWDPPO_DATA), readable by its
owner alone, and takes runs from then on. Next time `python -m worker runs` is enough.
"""

import argparse
import ipaddress
import os
import shlex
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx

ENVIRONMENT_FILE = "node.env"
MARK = "FLOWDPPO_FILES_MARK"
"""Names a file of the site's file storage and, after a colon, what is in it."""
ROOT = Path(__file__).resolve().parents[1]
TIMEOUT = 30.0


def join(arguments: list[str]) -> None:
    """Raises SystemExit with a word on what to do where something is in the way; else it does not return."""
    asked = _parse(arguments)
    _refuse_open_line(asked.url, asked.allow_http)
    welcome = _exchange(asked.url, asked.token)
    _check_version(welcome["version"])
    mark = {MARK: f"{welcome['mark']}:{welcome['mark_text']}"}
    path = write_environment(data_dir(), welcome["environment"] | mark)
    print(f"This machine may join. What its worker needs to know is in {path}.", flush=True)
    read_environment(data_dir())
    os.execv(sys.executable, [sys.executable, "-m", "worker", "runs"])


def data_dir() -> Path:
    """As the settings have it, which cannot be asked before the environment is whole."""
    return Path(os.environ.get("FLOWDPPO_DATA") or ROOT / "data").resolve()


def write_environment(folder: Path, values: dict[str, str]) -> Path:
    """A file of `NAME=value` lines that a shell could read too; whole or not at all, and for its owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ENVIRONMENT_FILE
    staged = path.with_suffix(".new")
    staged.unlink(missing_ok=True)
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
    staged.replace(path)
    return path


def read_environment(folder: Path) -> None:
    """Take over what a join has written down; what is set in the environment already wins."""
    path = folder / ENVIRONMENT_FILE
    if path.exists():
        for line in shlex.split(path.read_text()):
            name, _, value = line.partition("=")
            os.environ.setdefault(name, value)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m worker join", description=__doc__.partition("\n")[0])
    parser.add_argument("url", metavar="URL", help="the address of the site's pages")
    parser.add_argument("--token", required=True, help="as the page Nodes showed it")
    parser.add_argument("--allow-http", action="store_true", help="send passwords over a line that others could read")
    return parser.parse_args(arguments)


def _refuse_open_line(url: str, allow_http: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SystemExit(f"{url} is no address of a site: give https://…, as in the browser.")
    if parts.scheme == "http" and not allow_http and not _is_this_machine(parts.hostname):
        raise SystemExit(
            f"The passwords of the database would travel to {url} and back for everybody to read: give the https "
            "address, or say --allow-http where the line is safe."
        )


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _exchange(url: str, token: str) -> dict:
    address = f"{url.rstrip('/')}/nodes/join/"
    try:
        answer = httpx.post(address, data={"token": token, "host": socket.gethostname()}, timeout=TIMEOUT)
    except httpx.HTTPError as error:
        raise SystemExit(f"{address} does not answer ({error}): look at the address and the network.") from error
    if answer.is_success:
        return answer.json()
    try:
        problem = answer.json()["detail"]
    except (ValueError, KeyError):
        problem = f"{address} answered {answer.status_code}: is that the address of the site's pages?"
    raise SystemExit(problem)


def _check_version(theirs: str) -> None:
    from flowdppo_engine import __version__

    if theirs != __version__:
        raise SystemExit(
            f"This machine has version {__version__}, the site has {theirs}: bring them to the same one, and join "
            "with a new token."
        )
