"""Refusals: one shape for all of them, `{"error": sentence, "problems": [{field, value, message}, ...]}`."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError

from alerts.services import OptionsRefused
from core.storage import FilesAway
from runs.config_errors import ConfigInvalid
from runs.continuing import NotPossible
from runs.filters import FilterError
from sweeps.axes import AxesInvalid
from sweeps.services import SweepInvalid

VALUE_LENGTH = 200


class Problem(Schema):
    """One thing to put right: where, what was given, and what to give instead."""

    field: str
    value: Any = None
    message: str


class Refusal(Schema):
    error: str
    problems: list[Problem] = []


class Refused(Exception):
    """An answer other than the one that was asked for."""

    def __init__(self, status: HTTPStatus, error: str, problems: Iterable[Problem] = ()):
        super().__init__(error)
        self.status, self.error, self.problems = status, error, list(problems)


def unfit(field: str, value: Any, message: str) -> Refused:
    """The refusal of one field's value."""
    return refused_for([Problem(field=field, value=value, message=message)])


def refused_for(problems: Iterable[Problem]) -> Refused:
    found = list(problems)
    sentence = " ".join(f"{problem.field}: {problem.message}" for problem in found)
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, sentence, found)


def answer_refusals(api: NinjaAPI) -> None:
    """Have `api` answer every refusal in the one shape."""
    api.add_exception_handler(Refused, _refused)
    api.add_exception_handler(ValidationError, _does_not_fit)
    api.add_exception_handler(ConfigInvalid, _config_invalid)
    for refusal in (AxesInvalid, SweepInvalid, FilterError, OptionsRefused):
        api.add_exception_handler(refusal, _unfit)
    api.add_exception_handler(DjangoValidationError, _invalid)
    api.add_exception_handler(NotPossible, _not_possible)
    api.add_exception_handler(PermissionDenied, _forbidden)
    api.add_exception_handler(Http404, _not_found)
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(RequestDataTooBig, _too_big)
    api.add_exception_handler(FilesAway, _files_away)


def as_response(refused: Refused) -> HttpResponse:
    problems = [{**problem.model_dump(), "value": _short(problem.value)} for problem in refused.problems]
    response = JsonResponse({"error": refused.error, "problems": problems}, status=refused.status)
    if refused.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    return as_response(refused)


def _does_not_fit(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return as_response(refused_for(Problem(**details) for details in error.errors))


def _config_invalid(request: HttpRequest, invalid: ConfigInvalid) -> HttpResponse:
    return as_response(refused_for(_by_field(invalid.errors)))


def _invalid(request: HttpRequest, error: DjangoValidationError) -> HttpResponse:
    """With its fields, where it names some."""
    if hasattr(error, "error_dict"):
        return as_response(refused_for(_by_field(error.message_dict)))
    return _unfit(request, error)


def _by_field(errors: Mapping[str, Iterable[str]]) -> list[Problem]:
    return [Problem(field=name, message=text) for name, texts in errors.items() for text in texts]


def _unfit(request: HttpRequest, error: Exception) -> HttpResponse:
    texts = getattr(error, "messages", None) or [str(error)]
    return as_response(Refused(HTTPStatus.UNPROCESSABLE_ENTITY, " ".join(texts)))


def _not_possible(request: HttpRequest, error: NotPossible) -> HttpResponse:
    return as_response(Refused(HTTPStatus.CONFLICT, str(error)))


def _forbidden(request: HttpRequest, denied: PermissionDenied) -> HttpResponse:
    return as_response(Refused(HTTPStatus.FORBIDDEN, str(denied) or "You may not do this."))


def _not_found(request: HttpRequest, missing: Http404) -> HttpResponse:
    """The same whether there is no such thing or it is another team's."""
    message = "There is no such thing in your teams: look its id up in a list."
    return as_response(Refused(HTTPStatus.NOT_FOUND, message))


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    message = "The body is no JSON: send an object." if error.status_code == HTTPStatus.BAD_REQUEST else str(error)
    return as_response(Refused(HTTPStatus(error.status_code), message))


def _files_away(request: HttpRequest, error: FilesAway) -> HttpResponse:
    message = "The file storage does not answer: try again in a minute. Runs go on meanwhile."
    response = as_response(Refused(HTTPStatus.SERVICE_UNAVAILABLE, message))
    response["Retry-After"] = "30"
    return response


def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return as_response(Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large: send at most 2.5 MB."))


def _short(value: Any) -> Any:
    """What was given, where it is short enough to be worth showing again."""
    return value if len(str(value)) <= VALUE_LENGTH else f"{str(value)[:VALUE_LENGTH]}…"
