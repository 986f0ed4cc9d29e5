"""POST requests that may be sent again: with the same `Idempotency-Key` the second does nothing and answers the same.

Only what succeeded is kept. A refused request changed nothing, so its key is free for the corrected one.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from ninja import Header
from ninja.responses import NinjaJSONEncoder, Status
from ninja.utils import contribute_operation_args

from api.models import StoredAnswer
from api.problems import Refused

KEPT = timedelta(days=1)
REPLAYED = "Idempotent-Replayed"


def once(view: Callable[..., Status]) -> Callable[..., Status | HttpResponse]:
    """For operations that return a Status with a schema."""

    @wraps(view)
    def answer(request: HttpRequest, idempotency_key: str | None = None, **values):
        if not idempotency_key:
            return view(request, **values)
        StoredAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
        # A second request with the key waits here until the first has committed or failed.
        with transaction.atomic():
            stored, is_first = StoredAnswer.objects.get_or_create(
                user=request.user, key=idempotency_key, defaults={"digest": _digest(request)}
            )
            if not is_first:
                return _replay(request, stored)
            result = view(request, **values)
            stored.status = result.status_code
            stored.content = json.loads(json.dumps(result.value, cls=NinjaJSONEncoder))
            stored.save(update_fields=["status", "content"])
            return result

    description = "Any text of yours, at most 200 characters: sent again within a day, it gets the same answer."
    header = Header(None, alias="Idempotency-Key", max_length=200, description=description)
    contribute_operation_args(answer, "idempotency_key", str | None, header)
    return answer


def _replay(request: HttpRequest, stored: StoredAnswer) -> HttpResponse:
    if stored.digest != _digest(request):
        message = f"Idempotency-Key “{stored.key}” was used for another request: give each request a key of its own."
        raise Refused(HTTPStatus.CONFLICT, message)
    return JsonResponse(stored.content, status=stored.status, headers={REPLAYED: "true"})


def _digest(request: HttpRequest) -> str:
    head = f"{request.method} {request.get_full_path()}\n"
    return hashlib.sha256(head.encode() + request.body).hexdigest()
