"""The page where people choose how mentions reach them outside of the site."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from alerts import own_channels, selectors
from alerts.apprise_services import SERVICES, AddressRefused
from alerts.forms import OwnAddressForm
from alerts.models import Channel, ChannelKind


@never_cache
@require_http_methods(["GET", "POST"])
def own_channel_list(request: HttpRequest) -> HttpResponse:
    """By mail, and by a message to an address of theirs, which is sent here."""
    form = OwnAddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            own_channels.choose_message(request.user, form.cleaned_data["address"])
        except AddressRefused as error:
            form.add_error("address", str(error))
        else:
            messages.info(request, "Mentions go there from now on: try it with a test message.")
            return redirect("own_channels")
    ways = selectors.own_ways(request.user)
    context = {
        "mail": ways.get(ChannelKind.MAIL),
        "message": ways.get(ChannelKind.MESSAGE),
        "form": form,
        "has_mail": settings.HAS_MAIL,
        "contact": settings.OPERATOR_CONTACT,
        "services": sorted(set(SERVICES.values())),
    }
    return render(request, "alerts/own_channels.html", context, status=422 if form.errors else 200)


@require_POST
def own_channel_mail(request: HttpRequest) -> HttpResponse:
    try:
        own_channels.choose_mail(request.user)
    except AddressRefused as error:
        messages.error(request, str(error))
    return redirect("own_channels")


@require_POST
def own_channel_test(request: HttpRequest, kind: str) -> HttpResponse:
    is_new = own_channels.send_test(request.user, _own(request, kind))
    words = "is on its way" if is_new else "is on its way already"
    messages.info(request, f"A test message {words}: reload this page in a few seconds to see how it went.")
    return redirect("own_channels")


@require_POST
def own_channel_drop(request: HttpRequest, kind: str) -> HttpResponse:
    own_channels.drop(request.user, _own(request, kind))
    messages.info(request, "Mentions do not go there any more. They stand in the inbox.")
    return redirect("own_channels")


def _own(request: HttpRequest, kind: str) -> Channel:
    return get_object_or_404(selectors.own_channels(request.user), kind=kind)
