"""What people do to reports. Each verb checks the role first."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from pictures.keeping import keep_shown
from reports.models import Report
from reports.panels.pictures import Pictures
from reports.pieces import panels_of
from reports.scope import Scope
from runs.services import require_writer
from teams import audit
from teams.models import Team, User

COPY = " (copy)"


@dataclass
class Conflict(Exception):
    """Somebody saved the report after it was read; `report` is as it stands now."""

    report: Report


def create_report(user: User, team: Team, title: str, body: str) -> Report:
    """Raises PermissionDenied for viewers and strangers."""
    require_writer(user, team.id)
    with transaction.atomic():
        report = Report.objects.create(
            team=team, title=title, body=body, created_by=user, updated_by=user, updated_at=timezone.now()
        )
        _keep_pictures(team.id, body)
        audit.record(user, team, "wrote", f"report “{title}”")
    return report


def save_report(user: User, report: Report, version: int, title: str, body: str) -> Report:
    """Raises PermissionDenied, and Conflict where the report is no longer the one that `version` says was read."""
    require_writer(user, report.team_id)
    with transaction.atomic():
        held = Report.objects.select_for_update().get(id=report.id)
        if held.version != version:
            raise Conflict(held)
        if (held.title, held.body) == (title, body):
            return held
        held.title, held.body = title, body
        held.version += 1
        held.updated_by, held.updated_at = user, timezone.now()
        held.save()
        _keep_pictures(report.team_id, body)
        audit.record(user, report.team, "changed", f"report “{title}”", f"version {held.version}")
    return held


def save_as_copy(user: User, report: Report, title: str, body: str) -> Report:
    """A report beside the other one. Raises PermissionDenied."""
    longest = Report._meta.get_field("title").max_length - len(COPY)
    return create_report(user, report.team, title[:longest] + COPY, body)


def delete_report(user: User, report: Report) -> None:
    """Raises PermissionDenied."""
    require_writer(user, report.team_id)
    with transaction.atomic():
        audit.record(user, report.team, "deleted", f"report “{report.title}”")
        report.delete()


def _keep_pictures(team_id: int, body: str) -> None:
    """Pictures of the playground that a report names stay from now on."""
    panels = [placed.panel for placed in panels_of(body)]
    named = [ref for panel in panels if isinstance(panel, Pictures) for ref in panel.refs]
    keep_shown(Scope(team_id).drawings(), named)
