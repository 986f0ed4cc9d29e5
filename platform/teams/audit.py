"""The log of who did what in a team. Services call it in the transaction of what they did."""

from django.db.models import QuerySet

from teams.models import AuditEntry, Team, User

PAGE_SIZE = 50
OPERATOR = "the operator"


def record(user: User | None, team: Team, verb: str, object: str, detail: str = "") -> None:
    """`verb` in the past tense ("cancelled"), `object` what it was done to ("run “First light”").

    Without a user it was the operator, at the command line.
    """
    AuditEntry.objects.create(**_entry(user, team, verb, object, detail))


def record_in_all_teams(user: User, verb: str, object: str, detail: str = "") -> None:
    """For what concerns each team that the person is in, such as a token that acts in their name."""
    entries = [AuditEntry(**_entry(user, team, verb, object, detail)) for team in user.teams.all()]
    AuditEntry.objects.bulk_create(entries)


def entries_before(team: Team, entry_id: int | None = None) -> QuerySet[AuditEntry]:
    """The newest entries of the team, or those before this one: so a page stays the same while new ones come."""
    entries = AuditEntry.objects.filter(team=team)
    return entries.filter(id__lt=entry_id) if entry_id else entries


def _entry(user: User | None, team: Team, verb: str, object: str, detail: str) -> dict:
    longest = {name: AuditEntry._meta.get_field(name).max_length for name in ("object", "detail")}
    return {
        "team": team,
        "user": user,
        "who": user.email if user else OPERATOR,
        "verb": verb,
        "object": object[: longest["object"]],
        "detail": detail[: longest["detail"]],
    }
