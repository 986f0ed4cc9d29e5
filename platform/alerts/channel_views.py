"""The pages of a team's channels, for its owners."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from alerts import channels, selectors
from alerts.apprise_services import SERVICES, AddressRefused
from alerts.forms import ChannelChangeForm, ChannelForm
from alerts.models import Channel, ChannelKind, Delivery
from teams.members import require_owner
from teams.views import visible_team


@never_cache
@require_http_methods(["GET", "POST"])
def channel_list(request: HttpRequest, team_id: int) -> HttpResponse:
    """The channels; after a webhook was made, with its secret, which is shown this once."""
    team = visible_team(request, team_id)
    require_owner(request.user, team)
    form = ChannelForm(team, request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            made = channels.make_channel(
                request.user, team, ChannelKind(asked["kind"]), asked["name"], asked["address"], asked["events"]
            )
            form = ChannelForm(team)
        except AddressRefused as error:
            form.add_error("address", str(error))
    context = {
        "team": team,
        "channels": selectors.channels_of_owner(request.user).filter(team=team),
        "form": form,
        "made": made,
        "services": sorted(set(SERVICES.values())),
    }
    return render(request, "alerts/channel_list.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def channel_page(request: HttpRequest, team_id: int, channel_id: int) -> HttpResponse:
    """What the channel is told and was told; `?before=` is the last delivery of the page before."""
    channel = _own_channel(request, team_id, channel_id)
    form = ChannelChangeForm(request.POST or None, instance=channel)
    if request.method == "POST" and form.is_valid():
        channels.change_channel(request.user, channel, **form.cleaned_data)
        messages.info(request, f"“{channel.name}” is saved.")
        return redirect("channel", team_id, channel_id)
    return _page(request, channel, form)


@require_POST
def channel_delete(request: HttpRequest, team_id: int, channel_id: int) -> HttpResponse:
    channel = _own_channel(request, team_id, channel_id)
    channels.delete_channel(request.user, channel)
    messages.info(request, f"“{channel.name}” is deleted.")
    return redirect("channels", team_id)


@require_POST
def channel_test(request: HttpRequest, team_id: int, channel_id: int) -> HttpResponse:
    channels.send_test(request.user, _own_channel(request, team_id, channel_id))
    messages.info(request, "A test message is on its way: reload this page in a few seconds to see how it went.")
    return redirect("channel", team_id, channel_id)


@never_cache
@require_POST
def channel_secret(request: HttpRequest, team_id: int, channel_id: int) -> HttpResponse:
    """A new secret, which is shown this once."""
    channel = _own_channel(request, team_id, channel_id, kind=ChannelKind.WEBHOOK)
    made = channels.renew_secret(request.user, channel)
    return _page(request, channel, ChannelChangeForm(instance=channel), made)


@require_POST
def delivery_again(request: HttpRequest, team_id: int, channel_id: int, delivery_id: int) -> HttpResponse:
    channel = _own_channel(request, team_id, channel_id)
    delivery = get_object_or_404(Delivery.objects.select_related("channel__team"), id=delivery_id, channel=channel)
    channels.send_again(request.user, delivery)
    return redirect("channel", team_id, channel_id)


def _page(request: HttpRequest, channel: Channel, form: ChannelChangeForm, made=None) -> HttpResponse:
    before = request.GET.get("before", "")
    found = selectors.deliveries_of(channel, int(before) if before.isdecimal() else None)
    rows = list(found[: selectors.PAGE_SIZE + 1])
    deliveries = rows[: selectors.PAGE_SIZE]
    context = {
        "team": channel.team,
        "channel": Channel.objects.get(id=channel.id),
        "form": form,
        "made": made,
        "deliveries": deliveries,
        "before": before,
        "older": deliveries[-1].id if len(rows) > selectors.PAGE_SIZE else None,
    }
    return render(request, "alerts/channel.html", context, status=422 if form.errors else 200)


def _own_channel(request: HttpRequest, team_id: int, channel_id: int, **fields) -> Channel:
    require_owner(request.user, visible_team(request, team_id))
    return get_object_or_404(selectors.channels_of_owner(request.user), id=channel_id, team=team_id, **fields)
