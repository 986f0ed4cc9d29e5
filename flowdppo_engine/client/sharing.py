"""Reports taken home, and links that show one thing to people without an account."""

from enum import StrEnum
from pathlib import Path

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.finding import find_run
from flowdppo_engine.client.refusals import ClientError, Exit


class ReportFormat(StrEnum):
    HTML = "html"
    PDF = "pdf"


class Subject(StrEnum):
    RUN = "run"
    REPORT = "report"
    COMPARISON = "comparison"


def export_report(connection: Connection, number: int, format_: ReportFormat, to: Path | None) -> Path:
    """The report as a file; without `to` one of its number, here."""
    target = to or Path(f"report-{number}")
    return connection.download(
        f"/reports/{number}/report.{format_}", target if target.suffix else target.with_suffix(f".{format_}")
    )


def share(connection: Connection, kind: Subject, name: str, num_days: int | None) -> dict:
    """The fresh link, with its address."""
    body = {} if num_days is None else {"num_days": num_days}
    return connection.post(f"/{kind}s/{_id_of(connection, kind, name)}/share-links", body)


def _id_of(connection: Connection, kind: Subject, name: str) -> str | int:
    if kind is Subject.RUN:
        return find_run(connection, name)["id"]
    if name.isascii() and name.isdigit():
        return int(name)
    raise ClientError(f"“{name}” is no {kind}'s id: take the number in the address of its page.", Exit.DOES_NOT_FIT)
