"""Addresses that scripts ask, not people."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse

View = Callable[..., HttpResponse]


def answers_scripts(method: Callable[[View], View], refusal: type[Exception], status: int) -> Callable[[View], View]:
    """A refusal becomes JSON, and who is not signed in gets 401: a redirect to that page would be of no use to them.

    `method` is Django's decorator for what may be asked, such as require_safe.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return JsonResponse({"error": "Sign in first."}, status=401)
            try:
                return view(request, **kwargs)
            except refusal as error:
                return JsonResponse({"error": str(error)}, status=status)

        return login_not_required(method(answer))

    return decorate
