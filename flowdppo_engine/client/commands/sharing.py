"""Reports and links for others."""

from pathlib import Path
from typing import Annotated

import typer

from flowdppo_engine.client import sharing, tables
from flowdppo_engine.client.commands.arguments import AsJson, connect
from flowdppo_engine.client.sharing import ReportFormat, Subject

app = typer.Typer()


@app.command()
def reports(as_json: AsJson = False) -> None:
    """List the reports of your teams, last changed first."""
    found = list(connect().pages("/reports"))
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
    typer.echo(sharing.export_report(connect(), report, format_, to))


@app.command()
def share(
    kind: Annotated[Subject, typer.Argument(metavar="run|report|comparison")],
    name: Annotated[str, typer.Argument(metavar="ID", help="Its id; of a run also its name.")],
    days: Annotated[int | None, typer.Option(help="Until it expires; left out, 30.", min=1)] = None,
) -> None:
    """Make a link that shows one thing to people without an account; prints it this once. Revoke it in the browser."""
    made = sharing.share(connect(), kind, name, days)
    typer.echo(made["address"])
    typer.echo(f"It shows the {made['kind']} “{made['name']}” until {tables.moment(made['expires_at'])}.", err=True)
