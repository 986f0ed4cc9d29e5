"""What may be read of comments. Everything starts from a user and holds only their teams' rows."""

import hashlib
from dataclasses import dataclass

from django.db.models import QuerySet

from comments.models import Comment, Notice
from comments.people import Directory, name_of
from comments.subjects import Subject, address_of, thumbnail_of, title_of_comment
from core.badges import count_some
from pictures.refs import FORM, find_pictures, parse_ref
from teams.models import Membership, Role, User

PAGE_SIZE = 50


@dataclass(frozen=True)
class Shown:
    """A comment as pages get it. Where it is about a part of the thread's run, `place` and `address` lead to it;
    `address` is empty where that is gone."""

    comment: Comment
    author: str
    place: str
    address: str
    thumbnail: str | None
    may_edit: bool
    may_delete: bool


@dataclass(frozen=True)
class Thread:
    """`rows` is its last page, or what came before a comment; `digest` tells one state of it from another."""

    subject: Subject
    rows: list[Shown]
    directory: Directory
    earlier: int | None
    digest: str


def visible_comments(user: User) -> QuerySet[Comment]:
    return Comment.objects.filter(team__memberships__user=user).select_related("author", "run")


def comments_on(user: User, subject: Subject) -> QuerySet[Comment]:
    """Of a run also what is said of its checkpoints and pictures."""
    own = {"run": subject.run} if subject.is_run else {"about": subject.about}
    return visible_comments(user).filter(**own)


def read_thread(user: User, subject: Subject, before: int | None = None) -> Thread:
    """Six queries at most, however long it is."""
    comments = comments_on(user, subject)
    found = list((comments.filter(id__lt=before) if before else comments).order_by("-id")[: PAGE_SIZE + 1])
    page = found[PAGE_SIZE - 1 :: -1] if len(found) > PAGE_SIZE else found[::-1]
    return Thread(
        subject,
        _shown(user, subject, page),
        Directory.of_team(subject.team.id),
        page[0].id if len(found) > PAGE_SIZE else None,
        _digest(page),
    )


def show_own(user: User, comment: Comment) -> Shown:
    """A comment of the person's own, by itself."""
    return Shown(comment, name_of(comment.author), "", "", None, comment.author_id == user.id, True)


def num_after(user: User, subject: Subject, comment: Comment) -> int:
    """How many stand below it in the thread; at most a page is counted."""
    return comments_on(user, subject).filter(id__gt=comment.id).order_by()[:PAGE_SIZE].count()


def own_comments(user: User) -> QuerySet[Comment]:
    return visible_comments(user).filter(author=user)


def deletable_comments(user: User) -> QuerySet[Comment]:
    """One's own, and everybody's in the teams that one owns."""
    owned = Membership.objects.filter(user=user, role=Role.OWNER).values("team")
    return own_comments(user) | visible_comments(user).filter(team__in=owned)


def notices_of(user: User, before: int | None = None, unread: bool = False) -> QuerySet[Notice]:
    """What the person is told of, newest first; nothing of teams that they have left."""
    notices = Notice.objects.filter(user=user, comment__team__memberships__user=user)
    notices = notices.filter(read_at=None) if unread else notices
    notices = notices.filter(id__lt=before) if before else notices
    return notices.select_related("comment__author", "comment__run", "comment__team").order_by("-id")


def num_unread(user: User) -> int:
    return count_some(notices_of(user, unread=True))


def _shown(user: User, subject: Subject, comments: list[Comment]) -> list[Shown]:
    refs = [parse_ref(comment.about) for comment in comments if FORM.fullmatch(comment.about)]
    there = {str(ref) for ref in find_pictures(user, refs)}
    owns = Membership.objects.filter(user=user, team=subject.team, role=Role.OWNER).exists()
    return [_show(user, subject, comment, there, owns) for comment in comments]


def _show(user: User, subject: Subject, comment: Comment, pictures: set[str], owns: bool) -> Shown:
    is_elsewhere = comment.about != subject.about
    is_there = comment.about in pictures or not FORM.fullmatch(comment.about)
    is_own = comment.author_id == user.id
    return Shown(
        comment,
        name_of(comment.author),
        title_of_comment(comment) if is_elsewhere else "",
        address_of(comment.about) if is_elsewhere and is_there else "",
        thumbnail_of(comment) if is_elsewhere and is_there else None,
        is_own,
        is_own or owns,
    )


def _digest(comments: list[Comment]) -> str:
    state = "".join(f"{comment.id} {comment.edited_at};" for comment in comments)
    return hashlib.sha256(state.encode()).hexdigest()[:16]
