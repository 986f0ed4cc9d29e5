"""Share links: to exactly one run, report or saved comparison, for people without an account."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.paging import Order, PageOf, PageQuery, read_page
from comparing.selectors import visible_comparisons
from reports.selectors import visible_reports
from runs.selectors import visible_runs
from runs.services import require_writer
from sharing import selectors, services
from sharing.forms import USUAL_DAYS
from sharing.models import ShareLink
from sharing.services import MadeLink
from sharing.subjects import Subject, address_of, team_of
from teams.models import Team
from teams.selectors import teams_of

router = Router(tags=["Share links"])

NEWEST_FIRST = Order(("id",), is_descending=True)


class NewLink(Schema, extra="forbid"):
    num_days: Annotated[int, Field(ge=1, le=services.MOST_DAYS, description="Until it expires.")] = USUAL_DAYS


class LinkOut(Schema):
    """`name` and `page` are those of what it shows. `num_opens` says how often it was opened."""

    id: int
    kind: Literal["run", "report", "comparison"]
    name: str
    page: str
    team: str
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    num_opens: int
    opened_at: datetime | None

    @classmethod
    def of(cls, link: ShareLink, **more) -> Self:
        same = ("id", "kind", "created_at", "expires_at", "revoked_at", "num_opens", "opened_at")
        return cls(
            **{name: getattr(link, name) for name in same},
            name=str(link.subject),
            page=address_of(link.subject),
            team=link.team.slug,
            created_by=link.created_by and link.created_by.email,
            **more,
        )


class FreshLink(LinkOut):
    address: Annotated[str, Field(description="Shown this once: the tables hold a hash of it.")]


class LinkPage(Schema):
    items: list[LinkOut]
    next: str | None


@router.get("/teams/{slug}/share-links", response=LinkPage)
def team_share_links(request: HttpRequest, slug: str, page: PageOf):
    """All links of the team, newest first, also those that have expired or were revoked. Not for viewers."""
    return _page(selectors.links_of(request.user, _team(request, slug)), page)


@router.delete("/teams/{slug}/share-links/{link_id}", response={204: None})
def revoke_share_link(request: HttpRequest, slug: str, link_id: int):
    """It opens nothing any more. Whoever may share may also revoke what others have shared."""
    links = selectors.links_of(request.user, _team(request, slug))
    services.revoke(request.user, get_object_or_404(links, id=link_id))
    return Status(204, None)


@router.get("/runs/{run_id}/share-links", response=LinkPage)
def run_share_links(request: HttpRequest, run_id: UUID, page: PageOf):
    """The open links to the run, newest first."""
    return _open_links(request, _run(request, run_id), page)


@router.post("/runs/{run_id}/share-links", response={201: FreshLink})
def share_run(request: HttpRequest, response: HttpResponse, run_id: UUID, body: NewLink):
    """Make a link to how the run goes: curves, samples, evaluations, configuration. Asked twice, it makes two."""
    return _share(request, response, _run(request, run_id), body)


@router.get("/reports/{report_id}/share-links", response=LinkPage)
def report_share_links(request: HttpRequest, report_id: int, page: PageOf):
    """The open links to the report, newest first."""
    return _open_links(request, _report(request, report_id), page)


@router.post("/reports/{report_id}/share-links", response={201: FreshLink})
def share_report(request: HttpRequest, response: HttpResponse, report_id: int, body: NewLink):
    """Make a link to the report and what its panels show. Asked twice, it makes two."""
    return _share(request, response, _report(request, report_id), body)


@router.get("/comparisons/{comparison_id}/share-links", response=LinkPage)
def comparison_share_links(request: HttpRequest, comparison_id: int, page: PageOf):
    """The open links to the comparison, newest first."""
    return _open_links(request, _comparison(request, comparison_id), page)


@router.post("/comparisons/{comparison_id}/share-links", response={201: FreshLink})
def share_comparison(request: HttpRequest, response: HttpResponse, comparison_id: int, body: NewLink):
    """Make a link to the saved comparison and its pictures. Asked twice, it makes two."""
    return _share(request, response, _comparison(request, comparison_id), body)


def _share(request: HttpRequest, response: HttpResponse, subject: Subject, body: NewLink) -> Status:
    # No answer is kept to be given again, as by api.idempotency: that would keep the secret.
    made = services.share(request.user, subject, body.num_days)
    response["Cache-Control"] = "no-store"
    return Status(201, _fresh(request, made))


def _fresh(request: HttpRequest, made: MadeLink) -> FreshLink:
    return FreshLink.of(made.link, address=request.build_absolute_uri(reverse("share", args=[made.text])))


def _open_links(request: HttpRequest, subject: Subject, page: PageQuery) -> LinkPage:
    require_writer(request.user, team_of(subject).id)
    return _page(selectors.open_links_to(request.user, subject), page)


def _page(links, page: PageQuery) -> LinkPage:
    found, following = read_page(links, NEWEST_FIRST, page)
    return LinkPage(items=[LinkOut.of(link) for link in found], next=following)


def _team(request: HttpRequest, slug: str) -> Team:
    team = get_object_or_404(teams_of(request.user), slug=slug)
    require_writer(request.user, team.id)
    return team


def _run(request: HttpRequest, run_id: UUID) -> Subject:
    return get_object_or_404(visible_runs(request.user), id=run_id)


def _report(request: HttpRequest, report_id: int) -> Subject:
    return get_object_or_404(visible_reports(request.user), id=report_id)


def _comparison(request: HttpRequest, comparison_id: int) -> Subject:
    return get_object_or_404(visible_comparisons(request.user), id=comparison_id)
