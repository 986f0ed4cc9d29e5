"""Where the server is and who we are to it: kept in a file that only this account can read."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx
import typer

from flowdppo_engine.client.refusals import ClientError, Exit

SERVER, TOKEN = "FLOWDPPO_SERVER", "FLOWDPPO_TOKEN"


@dataclass(frozen=True)
class SignIn:
    server: str
    token: str = field(repr=False)


def file_of_sign_in() -> Path:
    return Path(typer.get_app_dir("flowdppo")) / "sign_in.json"


def read_sign_in() -> SignIn:
    """From the environment, or else from the file that `login` wrote."""
    if os.environ.get(SERVER) and os.environ.get(TOKEN):
        return SignIn(clean_address(os.environ[SERVER]), clean_token(os.environ[TOKEN]))
    try:
        return SignIn(**json.loads(file_of_sign_in().read_text(encoding="utf-8")))
    except FileNotFoundError:
        message = f"You are not signed in: run `flowdppo login ADDRESS`, or set {SERVER} and {TOKEN}."
    except (OSError, ValueError, TypeError) as error:
        message = f"{file_of_sign_in()} cannot be read ({error}): run `flowdppo login ADDRESS` again."
    raise ClientError(message, Exit.NOT_SIGNED_IN)


def write_sign_in(sign_in: SignIn) -> Path:
    """Replaces the file as a whole, and nobody else can read it at any moment."""
    path = file_of_sign_in()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    staging = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(sign_in), file)
    staging.replace(path)
    return path


def forget_sign_in() -> None:
    file_of_sign_in().unlink(missing_ok=True)


def clean_address(text: str) -> str:
    """The server's address as requests need it."""
    address = text.strip().rstrip("/")
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        message = f"“{text}” is no address of a server: give one such as https://flowdppo.example.org."
        raise ClientError(message, Exit.DOES_NOT_FIT)
    return address


def clean_token(text: str) -> str:
    """The token as a header can carry it."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable():
        message = "This is no API token: make one in the browser, under your account, and give it whole."
        raise ClientError(message, Exit.DOES_NOT_FIT)
    return token
