"""The REST API under /api/v1: everything that the browser can do, by the same services and selectors."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import ValidationError, ValidationErrorContext

from api import (
    alerting,
    catalogue,
    commenting,
    comparisons,
    configurations,
    deeds,  # noqa: F401 (adds to the router of training_runs)
    drawing,
    evaluating,
    experiments,
    membership,
    metrics,
    nodes,
    people,
    publishing,
    recipes,
    reporting,
    reports,
    results,
    share_links,
    small_jobs,
    sweeping,
    training_runs,
    voting,
)
from api.authentication import ApiToken, Session
from api.problems import answer_refusals

DOCS = "openapi-view"


class Api(NinjaAPI):
    """Ninja's, with what was given in the errors."""

    def validation_error_from_error_contexts(self, error_contexts: list[ValidationErrorContext]) -> ValidationError:
        return ValidationError([
            {"field": _field_of(details["loc"]), "value": details["input"], "message": _message(details["msg"])}
            for context in error_contexts
            for details in context.pydantic_validation_error.errors(include_url=False, include_context=False)
        ])  # fmt: skip


def _field_of(location: tuple[Any, ...]) -> str:
    """Where it is in the request: ninja puts the name of the argument before what stands in a body."""
    names = [str(part) for part in location if part not in ("body", "page") and not str(part).startswith("function-")]
    return ".".join(names) or "body"


def _message(text: str) -> str:
    text = text.removeprefix("Value error, ")
    return f"{text[:1].upper()}{text[1:]}."


api = Api(
    title="Flow-DPPO",
    version="1",
    description="Submit runs, follow them, and take home what they make. docs/api.md shows how.",
    auth=[ApiToken(), Session()],
)
answer_refusals(api)
ROUTERS = (
    people,
    membership,
    experiments,
    configurations,
    recipes,
    catalogue,
    small_jobs,
    training_runs,
    sweeping,
    metrics,
    results,
    publishing,
    evaluating,
    drawing,
    voting,
    reporting,
    comparisons,
    commenting,
    reports,
    share_links,
    alerting,
    nodes,
)
for module in ROUTERS:
    api.add_router("", module.router)


def addresses() -> tuple[list[URLPattern | URLResolver], str, str]:
    """For the site. An operation asks by itself who it is; the page of the docs needs a sign-in."""
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        if pattern.name != DOCS:
            login_not_required(pattern.callback)
    return patterns, app_name, namespace
