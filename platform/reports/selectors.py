"""What may be read of reports. Everything starts from a user and holds only their teams' rows."""

from datetime import datetime

from django.db.models import Q, QuerySet

from reports.models import Report
from reports.scope import Scope
from teams.models import User

PAGE_SIZE = 50


def visible_reports(user: User) -> QuerySet[Report]:
    return Report.objects.filter(team__memberships__user=user).select_related("team", "updated_by")


def reports_before(user: User, place: tuple[datetime, int] | None) -> QuerySet[Report]:
    """The last changed, or those after this place in the list: so a page stays the same while reports change."""
    reports = visible_reports(user).defer("body").order_by("-updated_at", "-id")
    if place is None:
        return reports
    moment, report_id = place
    return reports.filter(Q(updated_at__lt=moment) | Q(updated_at=moment, id__lt=report_id))


def scope_of(report: Report) -> Scope:
    return Scope(report.team_id)
