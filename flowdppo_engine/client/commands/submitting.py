"""What is to be trained: recipes, experiments, runs, sweeps."""

from pathlib import Path
from typing import Annotated

import typer

from flowdppo_engine.client import sweeping, tables, watching
from flowdppo_engine.client.commands.arguments import (
    AsJson,
    Changes,
    ConfigFile,
    ExperimentName,
    Like,
    Recipe,
    connect,
)
from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.finding import find_experiment, find_run
from flowdppo_engine.client.refusals import ClientError, Exit

app = typer.Typer()


@app.command()
def recipes() -> None:
    """List the named recipes."""
    rows = [(one["name"], one["family"], one["method"], one["description"]) for one in connect().get("/recipes")]
    tables.print_table(("recipe", "family", "method", ""), rows)


@app.command()
def experiments(as_json: AsJson = False) -> None:
    """List the experiments of your teams."""
    found = list(connect().pages("/experiments"))
    if as_json:
        return tables.print_json(found)
    rows = [(one["id"], one["name"], one["team"], sum(one["num_runs"].values()), one["best_score"]) for one in found]
    tables.print_table(("id", "experiment", "team", "runs", "best score"), rows)


@app.command()
def make_experiment(
    name: str,
    team: Annotated[str, typer.Option(help="Its slug; not needed where you write to one team only.")] = "",
    description: str = "",
) -> None:
    """Make an experiment; prints its id."""
    made = connect().post("/experiments", {"name": name, "team": team, "description": description})
    typer.echo(made["id"])


@app.command()
def check(recipe: Recipe = None, config: ConfigFile = None, like: Like = None, set_: Changes = None) -> None:
    """Print a configuration as it would be submitted, and on standard error what it takes."""
    connection = connect()
    answer = connection.post("/configurations/check", _body(connection, recipe, config, like, set_))
    typer.echo(answer["yaml"], nl=False)
    for sentence in (*answer["facts"], *(f"Look twice: {warning}" for warning in answer["warnings"])):
        typer.echo(sentence, err=True)


@app.command()
def submit(
    experiment: ExperimentName,
    recipe: Recipe = None,
    config: ConfigFile = None,
    like: Like = None,
    set_: Changes = None,
    name: Annotated[str, typer.Option(help="Left out, it is made of the recipe and a number.")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="And watch it.")] = False,
) -> None:
    """Queue a run; prints its id, and on standard error its page."""
    connection = connect()
    body = _body(connection, recipe, config, like, set_) | {"name": name}
    run = connection.post(f"/experiments/{find_experiment(connection, experiment)['id']}/runs", body)
    typer.echo(run["id"])
    typer.echo(f"{run['name']}: {connection.page_of(run)}", err=True)
    if watch:
        watching.exit_of(watching.watch(connection, run, every=1.0))


@app.command()
def sweep(
    experiment: ExperimentName,
    recipe: Recipe = None,
    config: ConfigFile = None,
    like: Like = None,
    set_: Changes = None,
    vary: Annotated[list[str] | None, typer.Option(help="A knob and its values: a.b=1,2,3. May be repeated.")] = None,
    seeds: Annotated[str, typer.Option(help="With commas between; left out, the configuration's own.")] = "",
    name: Annotated[str, typer.Option(help="Left out, it is made of the recipe and a number.")] = "",
    plan: Annotated[bool, typer.Option("--plan", help="Only say what it would be.")] = False,
) -> None:
    """Queue every combination of some knobs' values, each with every seed; prints the sweep's id."""
    connection = connect()
    body = _body(connection, recipe, config, like, set_) | {"name": name}
    body |= {"axes": sweeping.read_axes(vary or []), "seeds": sweeping.read_seeds(seeds)}
    address = f"/experiments/{find_experiment(connection, experiment)['id']}/sweeps"
    planned = connection.post(f"{address}/plan", body)
    typer.echo(sweeping.describe(planned), err=True)
    if not plan:
        made = connection.post(address, body)
        typer.echo(made["id"])
        typer.echo(f"{made['name']}: {connection.page_of(made)}", err=True)


@app.command()
def sweeps(experiment: ExperimentName, as_json: AsJson = False) -> None:
    """List the sweeps of an experiment."""
    connection = connect()
    found = list(connection.pages(f"/experiments/{find_experiment(connection, experiment)['id']}/sweeps"))
    if as_json:
        return tables.print_json(found)
    tables.print_table(("id", "sweep", "varies", "seeds"), [sweeping.row_of(one) for one in found])


def _body(connection: Connection, recipe: str | None, config: Path | None, like: str | None, changes) -> dict:
    """What the server resolves: it knows the recipes."""
    body = {"recipe": recipe or "", "set": changes or []}
    if like:
        body["like"] = find_run(connection, like)["id"]
    if config:
        try:
            body["config"] = config.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ClientError(f"--config {config} cannot be read: {error}.", Exit.DOES_NOT_FIT) from error
    return body
