"""Arguments that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from flowdppo_engine.client import signing_in
from flowdppo_engine.client.connection import Connection

RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or its name where only one has it.")]
About = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id or name, RUN@40 for its checkpoint, or a picture, as in s12.")
]
ExperimentName = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="An experiment's id or name.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Every = Annotated[float, typer.Option(help="Seconds between two looks.", min=0.1)]
Recipe = Annotated[str | None, typer.Option(help="A named recipe; `recipes` lists them.")]
ConfigFile = Annotated[Path | None, typer.Option(help="A configuration as YAML; on top of the recipe, where given.")]
Like = Annotated[str | None, typer.Option(help="A run to copy.")]
Iteration = Annotated[int | None, typer.Option(help="Of the checkpoint; left out, the newest that is kept.", min=0)]
LicenceId = Annotated[
    str,
    typer.Option("--licence", help="mit, apache-2.0, …; base: the base model's; other, with its name and address."),
]
LicenceName = Annotated[str, typer.Option("--licence-name", help="Of other.")]
LicenceLink = Annotated[str, typer.Option("--licence-link", help="Of other.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="Change a field: a.b=c. May be repeated.")]


def connect() -> Connection:
    return Connection(signing_in.read_sign_in())
