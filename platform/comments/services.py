"""What people do with comments. Everybody who sees a thing may comment on it, viewers too: talk changes no run."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from alerts import outbox
from comments.mentions import called_by
from comments.models import Comment, Notice, Why
from comments.people import Directory
from comments.selectors import deletable_comments, notices_of
from comments.subjects import Subject, foreign_keys, title_of_comment
from teams import audit
from teams.models import User

LONGEST = 10_000
MISSING = "Empty: write something, or leave it."
NOT_YOURS = "This is somebody else's comment: only they may change it."


@transaction.atomic
def add_comment(user: User, subject: Subject, text: str) -> Comment:
    """`subject` was found for this person. Raises ValidationError."""
    comment = Comment.objects.create(
        team=subject.team, about=subject.about, author=user, text=_checked(text), **foreign_keys(subject)
    )
    if comment.drawing and comment.drawing.expires_at:
        # What people talk about stays.
        comment.drawing.expires_at = None
        comment.drawing.save(update_fields=["expires_at"])
    called = called_by(comment)
    _tell(comment, _recipients(comment, called))
    outbox.note_mention(comment.team_id, comment.id, called - {user.id})
    audit.record(user, subject.team, "commented on", subject.title)
    return comment


@transaction.atomic
def edit_comment(user: User, comment: Comment, text: str) -> None:
    """Who is called now for the first time is told; who is called no more, and has not seen it, is not.

    Raises ValidationError, and PermissionDenied for another person's.
    """
    if comment.author_id != user.id:
        raise PermissionDenied(NOT_YOURS)
    text = _checked(text)
    if text == comment.text:
        return
    called_before = called_by(comment)
    comment.text, comment.edited_at = text, timezone.now()
    comment.save(update_fields=["text", "edited_at"])
    called = called_by(comment)
    Notice.objects.filter(comment=comment, why=Why.MENTION, read_at=None).exclude(user__in=called).delete()
    _tell(comment, dict.fromkeys(called, Why.MENTION))
    outbox.note_mention(comment.team_id, comment.id, called - called_before - {user.id})
    audit.record(user, comment.team, "changed a comment on", title_of_comment(comment))


@transaction.atomic
def delete_comment(user: User, comment: Comment) -> None:
    """Raises PermissionDenied for another person's, but to the team's owners."""
    if not deletable_comments(user).filter(id=comment.id).exists():
        raise PermissionDenied("This is somebody else's comment: only they and the team's owners may delete it.")
    whose = "" if comment.author_id == user.id else f"by {comment.author.email if comment.author else 'nobody'}"
    comment.delete()
    audit.record(user, comment.team, "deleted a comment on", title_of_comment(comment), whose)


def mark_read(user: User, comments: Iterable[Comment] | None = None) -> None:
    """Of these comments, or all of them."""
    unread = Notice.objects.filter(user=user, read_at=None)
    if comments is None:
        unread = unread.filter(id__in=notices_of(user, unread=True).values("id"))
    else:
        unread = unread.filter(comment__in=[comment.id for comment in comments])
    unread.update(read_at=timezone.now())


def _checked(text: str) -> str:
    """Without spaces around it. Raises ValidationError."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise ValidationError(MISSING)
    if len(text) > LONGEST:
        raise ValidationError(f"{len(text):,} characters: a comment has at most {LONGEST:,}. Write a report instead.")
    if "\0" in text:
        raise ValidationError("There is a character of number 0 in it: delete it.")
    return text


def _recipients(comment: Comment, called: Iterable[int]) -> dict[int, Why]:
    """The strongest reason for each."""
    before = Comment.objects.filter(about=comment.about, id__lt=comment.id).values_list("author", flat=True).distinct()
    told = dict.fromkeys(before, Why.THREAD)
    if comment.run:
        told[comment.run.created_by_id] = Why.OWN_RUN
    return told | dict.fromkeys(called, Why.MENTION)


def _tell(comment: Comment, recipients: dict[int, Why]) -> None:
    """Those of them who are in the team, and who did not write it."""
    people = {person.id for person in Directory.of_team(comment.team_id).people} - {comment.author_id}
    Notice.objects.bulk_create(
        [Notice(user_id=user, comment=comment, why=why) for user, why in recipients.items() if user in people],
        ignore_conflicts=True,
    )
