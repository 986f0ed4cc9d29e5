"""What somebody whom a comment calls is told outside of the site."""

from django.urls import reverse

from comments.models import Comment, Notice
from comments.people import Directory, name_of
from comments.subjects import title_of_comment
from teams.models import User

LONGEST = 1000


def content_for(content: dict, user: User) -> dict | None:
    """A maker of `alerts.late_contents`. None where it does not call them, or they have read it."""
    rows = Comment.objects.select_related("author", "run", "team")
    comment = rows.filter(id=content["comment"]["id"]).first()
    if comment is None or not _is_news(comment, user):
        return None
    team = {"id": comment.team_id, "name": comment.team.name, "url": reverse("team", args=[comment.team_id])}
    return {**content, "team": team, "comment": _told(comment), "choice": {"url": reverse("own_channels")}}


def called_by(comment: Comment) -> set[int]:
    """Whom it calls, of those who are in the team now."""
    return {call.person.id for call in Directory.of_team(comment.team_id).calls(comment.text)}


def _is_news(comment: Comment, user: User) -> bool:
    return user.id in called_by(comment) and Notice.objects.filter(user=user, comment=comment, read_at=None).exists()


def _told(comment: Comment) -> dict:
    text = comment.text if len(comment.text) <= LONGEST else f"{comment.text[:LONGEST]}…"
    return {
        "id": comment.id,
        "author": name_of(comment.author),
        "about": title_of_comment(comment),
        "text": text,
        "url": reverse("comment", args=[comment.id]),
    }
