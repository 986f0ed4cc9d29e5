"""Threads of comments: as a part of the page of what they are about, which asks for it, or on a page of their own."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from comments import selectors, services
from comments.models import Comment
from comments.people import Directory
from comments.subjects import Subject, find_subject, thread_address


@require_GET
def comment_thread(request: HttpRequest) -> HttpResponse:
    """What was said of `?about=`; `?before=` is the first comment of the page after, `?comment=` one to point out."""
    template = "comments/_thread.html" if request.htmx else "comments/thread.html"
    return _thread(request, template, _subject(request, request.GET))


@require_GET
def comment_list(request: HttpRequest) -> HttpResponse:
    """The comments alone; 204 where the page shows them already (`?shown=` is their digest)."""
    subject = _subject(request, request.GET)
    thread = selectors.read_thread(request.user, subject)
    if thread.digest == request.GET.get("shown"):
        return HttpResponse(status=204)
    services.mark_read(request.user, [row.comment for row in thread.rows])
    return render(request, "comments/_list.html", {"thread": thread})


@require_POST
def comment_new(request: HttpRequest) -> HttpResponse:
    subject = _subject(request, request.POST)
    text = request.POST.get("text", "")
    try:
        made = services.add_comment(request.user, subject, text)
    except ValidationError as error:
        template = "comments/_thread.html" if request.htmx else "comments/thread.html"
        return _thread(request, template, subject, text=text, problem=error.message, status=422)
    if request.htmx:
        return _thread(request, "comments/_thread.html", subject, comment=made.id)
    return redirect(thread_address(subject.about, comment=made.id) + "#comments")


@require_GET
def comment(request: HttpRequest, comment_id: int) -> HttpResponse:
    """Leads to where it stands."""
    found = get_object_or_404(selectors.visible_comments(request.user), id=comment_id)
    subject = _find(request, found.about)
    if subject is None:
        # The picture or the checkpoint was rolled back: what was said of it stands with its run.
        subject = _find(request, str(found.run_id)) if found.run_id else None
    if subject is None:
        raise Http404
    query = {"comment": found.id}
    if selectors.num_after(request.user, subject, found) >= selectors.PAGE_SIZE:
        query["before"] = found.id + 1
    return redirect(thread_address(subject.about, **query) + "#comments")


@require_http_methods(["GET", "POST"])
def comment_edit(request: HttpRequest, comment_id: int) -> HttpResponse:
    """The form in the comment's place; `?leave=1` the comment as it is."""
    found = get_object_or_404(selectors.own_comments(request.user), id=comment_id)
    context = {"text": found.text, "problem": ""}
    if request.method == "POST":
        try:
            services.edit_comment(request.user, found, request.POST.get("text", ""))
        except ValidationError as error:
            context = {"text": request.POST.get("text", ""), "problem": error.message}
        else:
            return _row(request, found) if request.htmx else redirect("comment", comment_id)
    elif "leave" in request.GET:
        return _row(request, found) if request.htmx else redirect("comment", comment_id)
    template = "comments/_edit.html" if request.htmx else "comments/edit.html"
    context |= {"comment": found, "directory": Directory.of_team(found.team_id), "longest": services.LONGEST}
    return render(request, template, context, status=422 if context["problem"] else 200)


@require_POST
def comment_delete(request: HttpRequest, comment_id: int) -> HttpResponse:
    found = get_object_or_404(selectors.visible_comments(request.user), id=comment_id)
    about = found.about
    services.delete_comment(request.user, found)
    return HttpResponse() if request.htmx else redirect(thread_address(about) + "#comments")


def _thread(
    request: HttpRequest, template: str, subject: Subject, *, comment: int | None = None, status: int = 200, **typed
) -> HttpResponse:
    """`typed` is what a form that was refused had in it, and why."""
    thread = selectors.read_thread(request.user, subject, _number(request, "before"))
    services.mark_read(request.user, [row.comment for row in thread.rows])
    context = {
        "thread": thread,
        "pointed_out": comment or _number(request, "comment"),
        "is_older": "before" in request.GET,
        "longest": services.LONGEST,
        **typed,
    }
    return render(request, template, context, status=status)


def _row(request: HttpRequest, comment: Comment) -> HttpResponse:
    row = selectors.show_own(request.user, comment)
    return render(request, "comments/_comment.html", {"row": row, "directory": Directory.of_team(comment.team_id)})


def _subject(request: HttpRequest, fields) -> Subject:
    subject = _find(request, fields.get("about", ""))
    if subject is None:
        raise Http404
    return subject


def _find(request: HttpRequest, about: str) -> Subject | None:
    try:
        return find_subject(request.user, about)
    except ValueError:
        return None


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 18 else None
