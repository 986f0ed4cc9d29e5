"""What a person is told of: who called them, and who commented on their runs or after them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from comments import selectors, services
from comments.models import Notice
from comments.people import name_of
from comments.subjects import title_of_comment

PAGE_SIZE = 30
EXCERPT = 240


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """Newest first; `?show=unread` those alone, `?before=` is the last one of the page before."""
    unread = request.GET.get("show") == "unread"
    before = request.GET.get("before", "")
    place = int(before) if before.isdecimal() and len(before) < 18 else None
    notices = list(selectors.notices_of(request.user, place, unread)[: PAGE_SIZE + 1])
    context = {
        "rows": [_row(notice) for notice in notices[:PAGE_SIZE]],
        "older": notices[PAGE_SIZE - 1].id if len(notices) > PAGE_SIZE else None,
        "is_later": place is not None,
        "unread": unread,
    }
    return render(request, "comments/inbox.html", context)


@require_POST
def inbox_read(request: HttpRequest) -> HttpResponse:
    services.mark_read(request.user)
    return redirect("inbox")


def _row(notice: Notice) -> dict:
    comment = notice.comment
    return {
        "notice": notice,
        "who": name_of(comment.author),
        "what": title_of_comment(comment),
        "excerpt": comment.text[:EXCERPT],
    }
