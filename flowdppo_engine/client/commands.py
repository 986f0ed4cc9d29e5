"""The commands of `flowdppo`.

Exit codes: 1 the server refuses, 2 an argument or configuration does not fit, 3 not signed in, 4 the server does not
answer, 5 the watched run failed, 6 it was cancelled, 7 it was stopped after a checkpoint.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from flowdppo_engine.client import (
    commenting,
    evaluating,
    exporting,
    publishing,
    pulling,
    reporting,
    sharing,
    signing_in,
    sweeping,
    tables,
    watching,
)
from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.finding import find_experiment, find_run
from flowdppo_engine.client.pulling import Format, Part
from flowdppo_engine.client.refusals import ClientError, Exit
from flowdppo_engine.client.sharing import ReportFormat, Subject

app = typer.Typer(
    help="Submit runs to a Flow-DPPO server, follow them, and take home what they make.",
    epilog="Begin with `flowdppo login ADDRESS`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

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


@app.command()
def recipes() -> None:
    """List the named recipes."""
    rows = [(one["name"], one["family"], one["method"], one["description"]) for one in _connect().get("/recipes")]
    tables.print_table(("recipe", "family", "method", ""), rows)


@app.command()
def experiments(as_json: AsJson = False) -> None:
    """List the experiments of your teams."""
    found = list(_connect().pages("/experiments"))
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
    made = _connect().post("/experiments", {"name": name, "team": team, "description": description})
    typer.echo(made["id"])


@app.command()
def check(recipe: Recipe = None, config: ConfigFile = None, like: Like = None, set_: Changes = None) -> None:
    """Print a configuration as it would be submitted, and on standard error what it takes."""
    connection = _connect()
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
    connection = _connect()
    body = _body(connection, recipe, config, like, set_) | {"name": name}
    run = connection.post(f"/experiments/{find_experiment(connection, experiment)['id']}/runs", body)
    typer.echo(run["id"])
    typer.echo(f"{run['name']}: {connection.page_of(run)}", err=True)
    if watch:
        watching.exit_of(watching.watch(connection, run, every=1.0))


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
    connection = _connect()
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
    connection = _connect()
    found = find_run(connection, run)
    tables.print_json(found) if as_json else tables.print_run(found, connection.page_of(found))


@app.command()
def watch(run: RunName, every: Every = 1.0) -> None:
    """Watch a run until it ends; the exit code says how it did."""
    connection = _connect()
    watching.exit_of(watching.watch(connection, find_run(connection, run), every))


@app.command()
def logs(
    run: RunName,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    every: Every = 1.0,
) -> None:
    """Print the end of a run's log. `pull --what texts` brings all of it."""
    connection = _connect()
    found = find_run(connection, run)
    connection.patience = watching.PATIENCE if follow else connection.patience
    out = tables.console()
    for line in watching.new_lines(connection, found["id"], follow, every):
        watching.print_line(out, line)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where an engine of yours writes its run.")],
    experiment: Annotated[str | None, typer.Option(help="The first time: its id or name.")] = None,
    name: Annotated[str, typer.Option(help="The first time: of the run; left out, the folder's.")] = "",
    every: Every = 1.0,
) -> None:
    """Tell the server of a run that is trained here, without a worker, until it ends. Files stay here."""
    connection = _connect()
    chosen = find_experiment(connection, experiment) if experiment else None
    run = reporting.find_or_register(connection, folder, chosen, name)
    typer.echo(f"{run['name']}: {connection.page_of(run)}", err=True)
    watching.exit_of(reporting.report(connection, run, folder, every, lambda text: typer.echo(text, err=True)))


@app.command()
def reports(as_json: AsJson = False) -> None:
    """List the reports of your teams, last changed first."""
    found = list(_connect().pages("/reports"))
    if as_json:
        return tables.print_json(found)
    rows = [(one["id"], one["title"], one["team"], tables.moment(one["updated_at"])) for one in found]
    tables.print_table(("id", "report", "team", "changed"), rows)


@app.command()
def report_export(
    report: Annotated[int, typer.Argument(metavar="REPORT", help="Its number; `reports` lists them.", min=1)],
    format_: Annotated[ReportFormat, typer.Option("--format")] = ReportFormat.HTML,
    to: Annotated[Path | None, typer.Option(help="The file; left out, one of the report's number.")] = None,
) -> None:
    """Take home a report with its panels, as one HTML file or as PDF; prints the file."""
    typer.echo(sharing.export_report(_connect(), report, format_, to))


@app.command()
def share(
    kind: Annotated[Subject, typer.Argument(metavar="run|report|comparison")],
    name: Annotated[str, typer.Argument(metavar="ID", help="Its id; of a run also its name.")],
    days: Annotated[int | None, typer.Option(help="Until it expires; left out, 30.", min=1)] = None,
) -> None:
    """Make a link that shows one thing to people without an account; prints it this once. Revoke it in the browser."""
    made = sharing.share(_connect(), kind, name, days)
    typer.echo(made["address"])
    typer.echo(f"It shows the {made['kind']} “{made['name']}” until {tables.moment(made['expires_at'])}.", err=True)


@app.command()
def cancel(run: RunName) -> None:
    """Ask a run to stop. It writes a last checkpoint; what it has made stays."""
    connection = _connect()
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
def evaluate(
    run: RunName,
    checkpoint: Annotated[
        list[int] | None, typer.Option(help="Its iteration; left out, all that are kept. May be repeated.")
    ] = None,
    only_base: Annotated[bool, typer.Option("--only-base", help="The base model alone.")] = False,
    prompts: Annotated[
        list[str] | None, typer.Option(help="sandbox:NAME, or a set of the catalogue. May be repeated.")
    ] = None,
    rewards: Annotated[str, typer.Option(help="A reward config of the catalogue; left out, the run's own.")] = "",
    num_prompts: Annotated[int | None, typer.Option(help="Of each set; left out, as the run does.", min=1)] = None,
    images: Annotated[int, typer.Option(help="Of each prompt.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="The first one.", min=0)] = 0,
    steps: Annotated[int | None, typer.Option(help="Denoising steps; left out, as the run does.", min=1)] = None,
    guidance: Annotated[float | None, typer.Option(help="1 is none; left out, as the run has it.", min=1)] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for it: print its id.")] = False,
    every: Every = 1.0,
    as_json: AsJson = False,
) -> None:
    """Score a run's checkpoints beside its base model on prompts and rewards of your choice."""
    connection = _connect()
    found = find_run(connection, run)
    body = {"prompt_sets": prompts or [], "rewards": rewards, "num_prompts": num_prompts}
    body |= {"images_per_prompt": images, "first_seed": seed, "checkpoints": [] if only_base else checkpoint or None}
    body |= {"num_denoising_steps": steps, "guidance_scale": guidance}
    asked = connection.post(f"/runs/{found['id']}/evaluate", body)
    typer.echo(f"{asked['name']}: {connection.page_of(asked)}", err=True)
    if detach:
        return typer.echo(asked["id"])
    done = evaluating.wait_for(connection, asked, every, lambda text: typer.echo(text, err=True))
    tables.print_json(done) if as_json else evaluating.print_results(done)


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
    connection = _connect()
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
    connection = _connect()
    found = list(connection.pages(f"/experiments/{find_experiment(connection, experiment)['id']}/sweeps"))
    if as_json:
        return tables.print_json(found)
    tables.print_table(("id", "sweep", "varies", "seeds"), [sweeping.row_of(one) for one in found])


@app.command()
def comment(
    about: About,
    text: Annotated[
        str | None, typer.Argument(help="Markdown; @anna tells her. Left out, it is read from a pipe.")
    ] = None,
) -> None:
    """Say something of a run, a checkpoint or a picture; prints the comment's id."""
    connection = _connect()
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
    connection = _connect()
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
    connection = _connect()
    found = list(connection.pages("/inbox", limit, only_unread=not everything))
    tables.print_json(found) if as_json else commenting.print_notices(found)
    seen = [one["comment"]["id"] for one in found]
    for start in range(0, len(seen) if read else 0, 200):
        connection.post("/inbox/read", {"comments": seen[start : start + 200]})


@app.command()
def nodes() -> None:
    """List the machines that train, and what they do."""
    rows = [
        (one["name"], one["state"], len(one["slots"]), ", ".join(work["name"] for work in one["work"]))
        for one in _connect().get("/nodes")
    ]
    tables.print_table(("node", "state", "slots", "trains"), rows)


@app.command()
def alerts(as_json: AsJson = False) -> None:
    """List what the watch has seen and nobody has acknowledged."""
    found = list(_connect().pages("/alerts", only_open=True))
    if as_json:
        return tables.print_json(found)
    rows = [(one["id"], tables.moment(one["created_at"]), one["run"], one["summary"]) for one in found]
    tables.print_table(("id", "when", "run", ""), rows)


@app.command()
def export(
    experiment: ExperimentName,
    to: Annotated[Path | None, typer.Option(help="The folder; left out, one of the experiment's id.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="Of the metrics.")] = Format.PARQUET,
) -> None:
    """Take home a table of an experiment's runs, and of each its configuration, scores, log and metrics."""
    connection = _connect()
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
    connection = _connect()
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
    connection = _connect()
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
    connection = _connect()
    checkpoint = publishing.find_checkpoint(connection, find_run(connection, run), iteration)
    wish = {"repository": repository, "is_private": not public, "licence": licence}
    wish |= {"licence_name": licence_name, "licence_link": licence_link}
    pushed = publishing.push(connection, checkpoint, wish, publishing.read_token())
    if detach:
        return typer.echo(pushed["id"])
    done = publishing.wait_for(connection, pushed, every, lambda text: typer.echo(text, err=True))
    typer.echo(done["address"])


def main() -> None:
    """The entry point: says what went wrong on standard error, without a traceback."""
    try:
        app(prog_name="flowdppo")
    except ClientError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(error.code) from error


def _deed(run: str, verb: str, body: dict | None = None) -> dict:
    connection = _connect()
    return connection.post(f"/runs/{find_run(connection, run)['id']}/{verb}", body or {})


def _tell_state(run: dict, words: str) -> None:
    typer.echo(f"{run['name']}: {words if run['state'] in watching.LIVE else run['state']}.")


def _connect() -> Connection:
    return Connection(signing_in.read_sign_in())


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
