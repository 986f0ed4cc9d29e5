"""Comments, and who is told of them."""

from typing import Annotated

import typer

from flowdppo_engine.client import commenting, tables
from flowdppo_engine.client.commands.arguments import About, AsJson, connect

app = typer.Typer()


@app.command()
def comment(
    about: About,
    text: Annotated[
        str | None, typer.Argument(help="Markdown; @anna tells her. Left out, it is read from a pipe.")
    ] = None,
) -> None:
    """Say something of a run, a checkpoint or a picture; prints the comment's id."""
    connection = connect()
    body = {"about": commenting.find_about(connection, about), "text": commenting.read_text(text)}
    made = connection.post("/comments", body)
    typer.echo(made["id"])
    told = f"; {', '.join(made['mentions'])} can read it in the inbox" if made["mentions"] else ""
    typer.echo(f"{made['title']}: {connection.page_of(made)}{told}", err=True)


@app.command()
def comments(
    about: About,
    limit: Annotated[int, typer.Option(help="The newest, at most so many.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what was said of a run with its checkpoints and pictures, or of one of these."""
    connection = connect()
    found = list(connection.pages("/comments", limit, about=commenting.find_about(connection, about)))[::-1]
    tables.print_json(found) if as_json else commenting.print_comments(found)


@app.command()
def inbox(
    everything: Annotated[bool, typer.Option("--all", help="Also what you have read.")] = False,
    limit: Annotated[int, typer.Option(help="The newest, at most so many.", min=1)] = 50,
    read: Annotated[bool, typer.Option("--read", help="And mark what is listed as read.")] = False,
    as_json: AsJson = False,
) -> None:
    """List who called you, who commented on runs of yours, and who answered you."""
    connection = connect()
    found = list(connection.pages("/inbox", limit, only_unread=not everything))
    tables.print_json(found) if as_json else commenting.print_notices(found)
    seen = [one["comment"]["id"] for one in found]
    for start in range(0, len(seen) if read else 0, 200):
        connection.post("/inbox/read", {"comments": seen[start : start + 200]})
