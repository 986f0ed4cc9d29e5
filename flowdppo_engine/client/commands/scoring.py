"""Which checkpoint is better."""

from typing import Annotated

import typer

from flowdppo_engine.client import evaluating, judging, tables
from flowdppo_engine.client.commands.arguments import AsJson, Every, RunName, connect
from flowdppo_engine.client.finding import find_run, find_vote

app = typer.Typer()


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
    connection = connect()
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
def comparisons(as_json: AsJson = False) -> None:
    """List the saved comparisons of your teams, newest first."""
    connection = connect()
    found = list(connection.pages("/comparisons"))
    if as_json:
        return tables.print_json(found)
    rows = [
        (one["id"], one["name"], len(one["policies"]), len(one["items"]), tables.moment(one["created_at"]))
        for one in found
    ]
    tables.print_table(("id", "comparison", "checkpoints", "pictures", "saved"), rows)


@app.command()
def votes(as_json: AsJson = False) -> None:
    """List the blind votes of your teams, newest first. Pairs are judged in the browser."""
    found = list(connect().pages("/votes"))
    tables.print_json(found) if as_json else judging.print_votes(found)


@app.command()
def vote(
    vote: Annotated[str, typer.Argument(metavar="VOTE", help="Its id, or its name where only one has it.")],
    as_json: AsJson = False,
) -> None:
    """Show how far a blind vote is and, where you may see it, which checkpoint people prefer."""
    connection = connect()
    found = find_vote(connection, vote)
    if as_json:
        return tables.print_json(found)
    judging.print_vote(found, connection.page_of(found))
    judging.print_standings(found["results"]) if found["results"] else typer.echo(judging.NOT_YET, err=True)
