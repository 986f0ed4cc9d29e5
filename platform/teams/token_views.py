"""A person's API tokens."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams import api_tokens
from teams.forms import TokenForm


@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """The tokens; after one was made, with its text, which is shown this once."""
    form = TokenForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        made = api_tokens.make_token(request.user, **form.cleaned_data)
        form = TokenForm()
    context = {"tokens": api_tokens.tokens_of(request.user), "form": form, "made": made}
    return render(request, "teams/tokens.html", context, status=422 if form.errors else 200)


@require_POST
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    token = get_object_or_404(api_tokens.tokens_of(request.user), id=token_id)
    api_tokens.revoke_token(token)
    messages.info(request, f"The token “{token.name}” opens nothing any more.")
    return redirect("api_tokens")
