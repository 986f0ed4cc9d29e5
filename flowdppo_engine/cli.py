"""The command line: `python -m flowdppo_engine COMMAND`. Torch is imported by the commands that need it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from flowdppo_engine import launched
from flowdppo_engine.config import RunConfig
from flowdppo_engine.config_errors import explain
from flowdppo_engine.console import make_console_listener
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.jobs.specs import JOB_FILE
from flowdppo_engine.prompt_checks import find_prompt_problems
from flowdppo_engine.recipes import apply_overrides, dump_config, read_fields, recipe_fields, recipes_by_family
from flowdppo_engine.training.stopping import Stopped, StopRequest

EXIT_FAILED, EXIT_BAD_CONFIG, EXIT_STOPPED_EARLY = 1, 2, 143

app = typer.Typer(
    help="Online reinforcement learning of flow-matching models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

RunFolder = Annotated[Path, typer.Argument(help="The folder of a run.", exists=True, file_okay=False)]
JobFolder = Annotated[Path, typer.Argument(help="A folder with a job.yaml.", exists=True, file_okay=False)]
RecipeName = Annotated[str | None, typer.Option("--recipe", help="A named recipe; `recipes` lists them.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="Change a field: a.b=c. May be repeated.")]
Checkpoint = Annotated[str | None, typer.Option(help="A checkpoint's name (step-000040), or `best`; else the latest.")]


@app.command()
def train(
    output: Annotated[Path, typer.Option(help="The run folder to make; it must be empty or missing.")],
    recipe: RecipeName = None,
    config: Annotated[Path | None, typer.Option(help="A configuration file.")] = None,
    set_: Changes = None,
    start_from: Annotated[
        Path | None, typer.Option(help="Another run's checkpoint folder to go on from.", exists=True, file_okay=False)
    ] = None,
) -> None:
    """Begin a run."""
    with _refusals():
        resolved = _resolve(recipe, config, set_)
        _refuse_unless_empty(output)
    _work("train", resolved, output, start_from)


@app.command()
def resume(folder: RunFolder) -> None:
    """Take up a run after its latest whole checkpoint."""
    _work("resume", folder)


@app.command()
def evaluate(
    folder: RunFolder,
    checkpoint: Checkpoint = None,
    prompts: Annotated[list[str] | None, typer.Option(help="A prompt set; the run's own where left out.")] = None,
) -> None:
    """Score a checkpoint on prompt sets, writing nothing; or see to the job.yaml of a folder that has one."""
    if (folder / JOB_FILE).exists():
        _work_on_job("evaluate", folder)
    with _refusals():
        from flowdppo_engine.evaluation.policy import load_policy, score_policy

        policy = load_policy(str(folder), checkpoint)
        table = Table(title=f"{folder.name}, {policy.checkpoint.name if policy.checkpoint else 'base model'}")
        for heading in ("prompt set", "score", "mean", "95 % interval", "prompts"):
            table.add_column(heading)
        for prompt_set in prompts or policy.config.evaluation.prompt_sets:
            for name, score in score_policy(policy, prompt_set).items():
                interval = f"{score.low:.4f} … {score.high:.4f}"
                table.add_row(prompt_set, name, f"{score.mean:.4f}", interval, str(len(score.per_prompt)))
        _wide_console().print(table)


@app.command()
def generate(
    source: Annotated[str, typer.Argument(help="The folder of a run, or `sandbox` for the sandbox's base model.")],
    prompt: Annotated[list[str], typer.Option(help="What to draw. May be repeated.")],
    output: Annotated[Path, typer.Option(help="Folder for the PNG files, or WebP files of videos.")],
    seed: Annotated[int, typer.Option(help="Seed of the noise.", min=0)] = 0,
    checkpoint: Checkpoint = None,
) -> None:
    """Draw pictures: one for each prompt."""
    with _refusals():
        from flowdppo_engine.evaluation.picture_files import save_picture
        from flowdppo_engine.evaluation.pictures import draw_pictures
        from flowdppo_engine.evaluation.policy import load_policy
        from flowdppo_engine.models.conditions import ConditionStore
        from flowdppo_engine.prompts import Prompt

        policy = load_policy(source, checkpoint)
        with TemporaryDirectory() as folder:
            store = ConditionStore.encode(policy.model.encode_prompts, prompt, Path(folder))
            images = draw_pictures(policy.config, policy.model, store, [Prompt(text) for text in prompt], [seed])
        output.mkdir(parents=True, exist_ok=True)
        for index, image in enumerate(images):
            typer.echo(save_picture(image, output / f"{index:04d}"))


@app.command()
def score(folder: JobFolder) -> None:
    """Score a handful of pictures with the rewards of the folder's job.yaml; a second start does what is left."""
    _work_on_job("score", folder)


@app.command()
def preflight(folder: JobFolder) -> None:
    """Try the first step of the run in the folder's job.yaml: whether it works, its memory, its seconds."""
    _work_on_job("preflight", folder)


@app.command()
def draw(
    memory_gib: Annotated[
        float | None, typer.Option(help="Memory for models that stay loaded; else most of a GPU, or a quarter.", min=0)
    ] = None,
) -> None:
    """Draw what is asked for on standard input, a JSON object a line, until that is closed; answers on the output."""
    # What imports make stays: to look for garbage in it would be a fifth of the time to the first picture.
    gc.disable()
    from flowdppo_engine.playground.process import serve

    gc.freeze()
    gc.enable()
    with _refusals():
        serve(memory_gib)


@app.command()
def validate(
    config: Annotated[Path | None, typer.Argument(help="A configuration file.")] = None,
    recipe: RecipeName = None,
    set_: Changes = None,
) -> None:
    """Print a configuration as resolved, and what it costs (on standard error); or what is wrong (exit code 2)."""
    from flowdppo_engine.planning.report import print_plan

    with _refusals():
        resolved = _resolve(recipe, config, set_)
        typer.echo(dump_config(resolved), nl=False)
        print_plan(resolved, _wide_console(stderr=True))
        problems = [f"{problem.field}: {problem.message}" for problem in find_prompt_problems(resolved)]
        if problems:
            raise ValueError("\n".join(problems))


@app.command()
def recipes() -> None:
    """List the named recipes, by model family."""
    console = _wide_console()
    for family, some in recipes_by_family().items():
        table = Table(title=family, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
        for heading in ("recipe", "method", "from", ""):
            table.add_column(heading, header_style="dim", no_wrap=heading == "recipe")
        for recipe in some:
            table.add_row(recipe.name, recipe.method, recipe.origin, recipe.description)
        console.print(table)
        console.print()


@app.command("pretrain-sandbox")
def pretrain_sandbox(
    output: Annotated[Path, typer.Option(help="The folder to make; it must be empty or missing.")] = Path(
        "sandbox-base"
    ),
    try_out: Annotated[bool, typer.Option("--try-out", help="A few steps only, to see that it works.")] = False,
) -> None:
    """Make the sandbox's base model from nothing: under 90 minutes on two CPU cores."""
    with _refusals():
        _refuse_unless_empty(output)
    from flowdppo_engine.sandbox.pretraining.plan import TINY_PLAN, Plan
    from flowdppo_engine.sandbox.pretraining.progress import show_progress
    from flowdppo_engine.sandbox.pretraining.run import pretrain_sandbox

    with show_progress() as progress:
        manifest = pretrain_sandbox(output, TINY_PLAN if try_out else Plan(), progress)
    typer.echo(f"{output}: {manifest['minutes']} minutes, {manifest['checks'][-1]}")


def _refuse_unless_empty(output: Path) -> None:
    if launched.is_main() and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ValueError(f"--output {output} is not an empty folder: give a new one (`resume` takes up a run).")


def _resolve(recipe: str | None, config: Path | None, changes: list[str] | None) -> RunConfig:
    """The configuration that a recipe or a file gives. Raises ValueError."""
    if (recipe is None) == (config is None):
        raise ValueError("give either a recipe or a configuration file.")
    fields = recipe_fields(recipe) if recipe else read_fields(config)
    return RunConfig.model_validate(apply_overrides(fields, changes or []))


def _wide_console(stderr: bool = False) -> Console:
    """The terminal as wide as it is; a file or a pipe wide enough that no name is cut."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=200)


def _work(verb: str, *arguments: object) -> None:
    """Train or resume, and exit with its code. Importing torch takes seconds, and a stop counts during it too."""
    stop = StopRequest()
    stop.install()
    stop.interrupts = True
    try:
        from flowdppo_engine.training import run

        # Of several processes one tells what happens, to the console as to the event stream.
        console = make_console_listener() if launched.is_main() else nullcontext()
        with console as listener, _refusals():
            code = getattr(run, verb)(*arguments, stop=stop, listeners=[listener] if listener else [])
    except Stopped:
        code = EXIT_STOPPED_EARLY
    raise typer.Exit(code)


def _work_on_job(verb: str, folder: Path) -> None:
    """See to a job, and exit with its code."""
    stop = StopRequest()
    stop.install()
    stop.interrupts = True
    try:
        from flowdppo_engine.jobs import kinds

        with make_console_listener() as listener, _refusals():
            code = kinds.work_on(verb, folder, stop=stop, listeners=[listener])
    except Stopped:
        code = EXIT_STOPPED_EARLY
    raise typer.Exit(code)


@contextmanager
def _refusals() -> Iterator[None]:
    """Say what is wrong with a configuration or an argument, and exit with code 2."""
    try:
        yield
    except ValidationError as error:
        for sentence in explain(error):
            typer.echo(sentence, err=True)
        raise typer.Exit(EXIT_BAD_CONFIG) from error
    except (ValueError, BadConfig) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_BAD_CONFIG) from error
