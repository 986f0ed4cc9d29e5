"""Files, for oneself and for others."""

from pathlib import Path
from typing import Annotated

import typer

from flowdppo_engine.client import exporting, publishing, pulling
from flowdppo_engine.client.commands.arguments import (
    Every,
    ExperimentName,
    Iteration,
    LicenceId,
    LicenceLink,
    LicenceName,
    RunName,
    connect,
)
from flowdppo_engine.client.finding import find_experiment, find_run
from flowdppo_engine.client.pulling import Format, Part

app = typer.Typer()


@app.command()
def export(
    experiment: ExperimentName,
    to: Annotated[Path | None, typer.Option(help="The folder; left out, one of the experiment's id.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="Of the metrics.")] = Format.PARQUET,
) -> None:
    """Take home a table of an experiment's runs, and of each its configuration, scores, log and metrics."""
    connection = connect()
    found = find_experiment(connection, experiment)
    exporting.export(connection, found, to or Path(f"experiment-{found['id']}"), format_, typer.echo)


@app.command()
def pull(
    run: RunName,
    to: Annotated[Path | None, typer.Option(help="The folder; left out, one of the run's id.")] = None,
    what: Annotated[list[Part] | None, typer.Option(help="What to take; left out, everything.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="Of the metrics.")] = Format.PARQUET,
) -> None:
    """Take home checkpoints, samples, metrics and texts. What is there already is not fetched again."""
    connection = connect()
    found = find_run(connection, run)
    folder = to or Path(found["id"])
    parts = what or list(Part)
    if Part.TEXTS in parts:
        pulling.pull_texts(connection, found, folder, typer.echo)
    if Part.METRICS in parts:
        pulling.pull_metrics(connection, found, folder, format_, typer.echo)
    if Part.SAMPLES in parts:
        pulling.pull_samples(connection, found, folder, typer.echo)
    if Part.CHECKPOINTS in parts:
        pulling.pull_checkpoints(connection, found, folder, typer.echo)


@app.command()
def card(
    run: RunName,
    iteration: Iteration = None,
    to: Annotated[Path | None, typer.Option(help="The folder; left out, one of the run's id and iteration.")] = None,
    licence: LicenceId = "base",
    licence_name: LicenceName = "",
    licence_link: LicenceLink = "",
) -> None:
    """Take home a checkpoint as others get it: the LoRA for diffusers, model card, pictures and configuration."""
    connection = connect()
    found = find_run(connection, run)
    checkpoint = publishing.find_checkpoint(connection, found, iteration)
    folder = to or Path(f"{found['id']}-{checkpoint['iteration']}")
    chosen = {"licence": licence, "licence_name": licence_name, "licence_link": licence_link}
    typer.echo(publishing.take_out(connection, checkpoint, folder, chosen))


@app.command()
def push(
    run: RunName,
    repository: Annotated[str, typer.Argument(metavar="NAME/REPOSITORY", help="On the Hugging Face Hub.")],
    iteration: Iteration = None,
    public: Annotated[bool, typer.Option("--public", help="Everybody sees it; left out, it is private.")] = False,
    licence: LicenceId = "base",
    licence_name: LicenceName = "",
    licence_link: LicenceLink = "",
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for it: print its id.")] = False,
    every: Every = 1.0,
) -> None:
    """Have the server send what `card` takes home to the Hugging Face Hub; prints its address there.

    The token of the Hub is asked for, or read from HF_TOKEN or a pipe.
    """
    connection = connect()
    checkpoint = publishing.find_checkpoint(connection, find_run(connection, run), iteration)
    wish = {"repository": repository, "is_private": not public, "licence": licence}
    wish |= {"licence_name": licence_name, "licence_link": licence_link}
    pushed = publishing.push(connection, checkpoint, wish, publishing.read_token())
    if detach:
        return typer.echo(pushed["id"])
    done = publishing.wait_for(connection, pushed, every, lambda text: typer.echo(text, err=True))
    typer.echo(done["address"])
