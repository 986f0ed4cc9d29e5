"""The commands of `flowdppo`.

Exit codes: 1 the server refuses, 2 an argument or configuration does not fit, 3 not signed in, 4 the server does not
answer, 5 the watched run failed, 6 it was cancelled, 7 it was stopped after a checkpoint.
"""

import typer

from flowdppo_engine.client.commands import account, following, scoring, sharing, submitting, taking_home, talking
from flowdppo_engine.client.refusals import ClientError

# As the help lists them.
PARTS = (account, submitting, following, scoring, talking, sharing, taking_home)

app = typer.Typer(
    help="Submit runs to a Flow-DPPO server, follow them, and take home what they make.",
    epilog="Begin with `flowdppo login ADDRESS`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in PARTS:
    app.add_typer(part.app)


def main() -> None:
    """The entry point: says what went wrong on standard error, without a traceback."""
    try:
        app(prog_name="flowdppo")
    except ClientError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(error.code) from error
