"""Signing in and out."""

import sys
from typing import Annotated

import typer

from flowdppo_engine.client import signing_in
from flowdppo_engine.client.connection import Connection

app = typer.Typer()


@app.command()
def login(
    address: Annotated[str, typer.Argument(help="Of the server, such as https://flowdppo.example.org.")],
) -> None:
    """Keep the server's address and an API token, which is asked for (or read from a pipe)."""
    server = signing_in.clean_address(address)
    asked = sys.stdin.isatty()
    token = typer.prompt("API token (it is not shown)", hide_input=True) if asked else sys.stdin.readline()
    sign_in = signing_in.SignIn(server, signing_in.clean_token(token))
    me = Connection(sign_in).get("/me")
    path = signing_in.write_sign_in(sign_in)
    typer.echo(f"You are {me['email']} on {server}. Kept in {path}.")
    if server.startswith("http://") and "//127.0.0.1" not in server and "//localhost" not in server:
        typer.echo("This address is not https: the token travels where others may read it.", err=True)


@app.command()
def logout() -> None:
    """Forget address and token. The token stays good: revoke it in the browser, under your account."""
    signing_in.forget_sign_in()
