"""Runs that are there: looked at, followed, stopped, and told of from elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from flowdppo_engine.client import reporting, tables, watching
from flowdppo_engine.client.commands.arguments import AsJson, Every, RunName, connect
from flowdppo_engine.client.finding import find_experiment, find_run

app = typer.Typer()


@app.command("list")
def list_runs(
    experiment: Annotated[str | None, typer.Option(help="Of this experiment: its id or name.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="queued, running, finished, … May be repeated.")] = None,
    name: Annotated[str | None, typer.Option(help="A part of the name.")] = None,
    where: Annotated[
        str | None, typer.Option(help="As in the browser: state = finished and reward/mean > 0.6")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    connection = connect()
    chosen = find_experiment(connection, experiment)["id"] if experiment else None
    found = list(connection.pages("/runs", limit, experiment=chosen, state=state, name=name, q=where))
    if as_json:
        return tables.print_json(found)
    rows = [
        (run["id"], run["name"], run["state"], tables.progress_of(run), tables.moment(run["created_at"]))
        for run in found
    ]
    tables.print_table(("id", "run", "state", "iteration", "submitted"), rows)


@app.command()
def show(run: RunName, as_json: AsJson = False) -> None:
    """Show where a run stands."""
    connection = connect()
    found = find_run(connection, run)
    tables.print_json(found) if as_json else tables.print_run(found, connection.page_of(found))


@app.command()
def watch(run: RunName, every: Every = 1.0) -> None:
    """Watch a run until it ends; the exit code says how it did."""
    connection = connect()
    watching.exit_of(watching.watch(connection, find_run(connection, run), every))


@app.command()
def logs(
    run: RunName,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    every: Every = 1.0,
) -> None:
    """Print the end of a run's log. `pull --what texts` brings all of it."""
    connection = connect()
    found = find_run(connection, run)
    connection.patience = watching.PATIENCE if follow else connection.patience
    out = tables.console()
    for line in watching.new_lines(connection, found["id"], follow, every):
        watching.print_line(out, line)


@app.command()
def cancel(run: RunName) -> None:
    """Ask a run to stop. It writes a last checkpoint; what it has made stays."""
    connection = connect()
    answer = connection.post(f"/runs/{find_run(connection, run)['id']}/cancel", {})
    typer.echo(f"{answer['name']}: {'asked to stop' if answer['state'] == 'running' else answer['state']}.")


@app.command()
def stop(run: RunName) -> None:
    """Ask a run to end after its next checkpoint; `resume` has it go on."""
    _tell_state(_deed(run, "stop"), "asked to stop after its next checkpoint")


@app.command()
def priority(
    run: RunName, rank: Annotated[str, typer.Argument(metavar="low|normal|high", help="Among the runs that wait.")]
) -> None:
    """Put a run that waits before or behind others."""
    answer = _deed(run, "priority", {"priority": rank})
    typer.echo(f"{answer['name']}: priority {rank}.")


@app.command()
def resume(run: RunName) -> None:
    """Have a run that was stopped, cancelled or has failed go on after its last checkpoint."""
    _tell_state(_deed(run, "resume"), "goes on")


@app.command("continue")
def continue_(
    run: RunName, iterations: Annotated[int, typer.Argument(help="In all, those that are done too.", min=1)]
) -> None:
    """Have a finished run go on until it has done more iterations."""
    _tell_state(_deed(run, "continue", {"num_iterations": iterations}), "goes on")


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where an engine of yours writes its run.")],
    experiment: Annotated[str | None, typer.Option(help="The first time: its id or name.")] = None,
    name: Annotated[str, typer.Option(help="The first time: of the run; left out, the folder's.")] = "",
    every: Every = 1.0,
) -> None:
    """Tell the server of a run that is trained here, without a worker, until it ends. Files stay here."""
    connection = connect()
    chosen = find_experiment(connection, experiment) if experiment else None
    run = reporting.find_or_register(connection, folder, chosen, name)
    typer.echo(f"{run['name']}: {connection.page_of(run)}", err=True)
    watching.exit_of(reporting.report(connection, run, folder, every, lambda text: typer.echo(text, err=True)))


@app.command()
def alerts(as_json: AsJson = False) -> None:
    """List what the watch has seen and nobody has acknowledged."""
    found = list(connect().pages("/alerts", only_open=True))
    if as_json:
        return tables.print_json(found)
    rows = [(one["id"], tables.moment(one["created_at"]), one["run"], one["summary"]) for one in found]
    tables.print_table(("id", "when", "run", ""), rows)


@app.command()
def nodes() -> None:
    """List the machines that train, and what they do."""
    rows = [
        (one["name"], one["state"], len(one["slots"]), ", ".join(work["name"] for work in one["work"]))
        for one in connect().get("/nodes")
    ]
    tables.print_table(("node", "state", "slots", "trains"), rows)


def _deed(run: str, verb: str, body: dict | None = None) -> dict:
    connection = connect()
    return connection.post(f"/runs/{find_run(connection, run)['id']}/{verb}", body or {})


def _tell_state(run: dict, words: str) -> None:
    typer.echo(f"{run['name']}: {words if run['state'] in watching.LIVE else run['state']}.")
