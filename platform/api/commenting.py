"""Comments on runs, checkpoints and pictures, and the inbox of the person who asks."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Self

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.idempotency import once
from api.inputs import Text
from api.paging import LONGEST, Order, PageOf, read_page
from api.problems import unfit
from comments import selectors, services
from comments.models import Comment, Notice
from comments.people import Directory
from comments.subjects import Subject, find_subject, title_of_comment
from core.badges import MOST_COUNTED

router = Router(tags=["Comments"])

NEWEST_FIRST = Order(("id",), is_descending=True)

About = Annotated[
    Text,
    Field(max_length=100, description="A run's id, RUN@40 its checkpoint, RUN@0 its base model, or a picture: s12."),
]
Words = Annotated[Text, Field(description=f"Markdown, at most {services.LONGEST:,} characters; @anna tells her.")]


class NewComment(Schema, extra="forbid"):
    about: About
    text: Words


class Change(Schema, extra="forbid"):
    text: Words


class CommentOut(Schema):
    """`mentions` are the people of the team whom the text calls; `author` is null where they have left for good."""

    id: int
    about: str
    title: str
    team: str
    author: str | None
    text: str
    mentions: list[str]
    created_at: datetime
    edited_at: datetime | None
    page: str

    @classmethod
    def of(cls, comment: Comment, directory: Directory) -> Self:
        called = [call.person.email for call in directory.calls(comment.text)]
        return cls(
            **{name: getattr(comment, name) for name in ("id", "about", "text", "created_at", "edited_at")},
            title=title_of_comment(comment),
            team=comment.team.slug,
            author=comment.author and comment.author.email,
            mentions=list(dict.fromkeys(called)),
            page=reverse("comment", args=[comment.id]),
        )


class CommentPage(Schema):
    items: list[CommentOut]
    next: str | None


class NoticeOut(Schema):
    """`why` is “mention”, “own_run” (somebody commented on your run) or “thread” (somebody answered after you)."""

    id: int
    why: str
    created_at: datetime
    read_at: datetime | None
    comment: CommentOut

    @classmethod
    def of(cls, notice: Notice, comment: CommentOut) -> Self:
        names = ("id", "why", "created_at", "read_at")
        return cls(**{name: getattr(notice, name) for name in names}, comment=comment)


class NoticePage(Schema):
    items: list[NoticeOut]
    next: str | None


class Read(Schema, extra="forbid"):
    comments: Annotated[
        list[int] | None, Field(max_length=LONGEST, description="Their ids; left out, everything is read.")
    ] = None


class UnreadOut(Schema):
    num_unread: Annotated[int, Field(description=f"At most {MOST_COUNTED + 1} are counted.")]


class Thread(Schema):
    about: About


class InboxFilter(Schema):
    only_unread: bool = False


@router.get("/comments", response=CommentPage)
def comments(request: HttpRequest, page: PageOf, chosen: Annotated[Thread, Query()]):
    """What was said of it, newest first; of a run also of its checkpoints and pictures."""
    rows = selectors.comments_on(request.user, _subject(request, chosen.about))
    found, following = read_page(rows.select_related("team"), NEWEST_FIRST, page)
    return CommentPage(items=_described(found), next=following)


@router.post("/comments", response={201: CommentOut})
@once
def add_comment(request: HttpRequest, body: NewComment):
    """Say something. Everybody in the team may, viewers too."""
    subject = _subject(request, body.about)
    return Status(201, _described([services.add_comment(request.user, subject, body.text)])[0])


@router.get("/comments/{comment_id}", response=CommentOut)
def comment(request: HttpRequest, comment_id: int):
    return _described([_visible(request, comment_id)])[0]


@router.patch("/comments/{comment_id}", response=CommentOut)
def edit_comment(request: HttpRequest, comment_id: int, body: Change):
    """Another text. For whoever wrote it."""
    found = _visible(request, comment_id)
    services.edit_comment(request.user, found, body.text)
    return _described([found])[0]


@router.delete("/comments/{comment_id}", response={204: None})
def delete_comment(request: HttpRequest, comment_id: int):
    """For whoever wrote it, and for owners of the team."""
    services.delete_comment(request.user, _visible(request, comment_id))
    return Status(204, None)


@router.get("/inbox", response=NoticePage)
def inbox(request: HttpRequest, page: PageOf, chosen: Annotated[InboxFilter, Query()]):
    """Who called you, who commented on runs of yours, and who answered where you have commented; newest first."""
    rows = selectors.notices_of(request.user, unread=chosen.only_unread)
    found, following = read_page(rows, NEWEST_FIRST, page)
    told = _described([notice.comment for notice in found])
    return NoticePage(
        items=[NoticeOut.of(notice, comment) for notice, comment in zip(found, told, strict=True)], next=following
    )


@router.post("/inbox/read", response=UnreadOut)
@once
def read_inbox(request: HttpRequest, body: Read):
    """You have seen these comments, or all of them. What another person is told of stays unread to them."""
    named = body.comments
    seen = None if named is None else selectors.visible_comments(request.user).filter(id__in=named)
    services.mark_read(request.user, seen)
    return Status(200, UnreadOut(num_unread=selectors.num_unread(request.user)))


def _described(comments: Iterable[Comment]) -> list[CommentOut]:
    directories = Directory.of_teams({comment.team_id for comment in comments})
    return [CommentOut.of(comment, directories[comment.team_id]) for comment in comments]


def _subject(request: HttpRequest, about: str) -> Subject:
    try:
        subject = find_subject(request.user, about)
    except ValueError as error:
        raise unfit("about", about, str(error)) from error
    if subject is None:
        raise Http404
    return subject


def _visible(request: HttpRequest, comment_id: int) -> Comment:
    return get_object_or_404(selectors.visible_comments(request.user).select_related("team"), id=comment_id)
