"""Who may open the addresses of alerts, rules and channels."""

from django.db.models import QuerySet

from alerts import outbox
from alerts.models import Alert, Channel, ChannelKind, Delivery, Kind, Rule
from core import encryption
from teams.models import Team
from tests.platform.access import OWNERS, OWNERS_DO, SIGNED_IN, TEAM, Access
from tests.platform.lab import Lab, add_run

ALERT = {"alert_id": "alert"}
EXPERIMENT = {"experiment_id": "experiment"}
RUN = {"run_id": "run"}
TEAM_ID = {"team_id": "team"}
CHANNEL = {**TEAM_ID, "channel_id": "channel"}
WRITERS_DO = (302, 404, 403, 302, 302)
OWN = {"kind": "own_kind"}
RULE = {"kind": "no_progress", "no_progress-is_on": "on", "no_progress-minutes": "5"}

ACCESS = {
    "alerts": [Access(SIGNED_IN), Access(SIGNED_IN, query="?show=all")],
    "alert": [Access(TEAM, kwargs=ALERT)],
    "alert_acknowledge": [Access(WRITERS_DO, kwargs=ALERT, post={})],
    # Of another team's alerts it changes nothing: test_nothing_that_they_send_changes_the_team.
    "alerts_acknowledge": [Access((302,) * 5, post={"alert": "{alert}"})],
    "run_alerts": [Access(TEAM, kwargs=RUN)],
    "alert_rules": [Access(TEAM, kwargs=EXPERIMENT), Access(WRITERS_DO, kwargs=EXPERIMENT, post=RULE)],
    "alert_rule_reset": [Access(WRITERS_DO, kwargs={**EXPERIMENT, "kind": "rule_kind"}, post={})],
    "channels": [
        Access(OWNERS, kwargs=TEAM_ID),
        # A server that is not public is refused, also to an owner.
        Access(
            (302, 404, 403, 403, 422),
            kwargs=TEAM_ID,
            post={"kind": "webhook", "name": "New", "address": "http://127.0.0.1:1/", "events": "alert"},
        ),
    ],
    "channel": [
        Access(OWNERS, kwargs=CHANNEL),
        Access(OWNERS_DO, kwargs=CHANNEL, post={"name": "Other", "events": "failed", "is_on": "on"}),
    ],
    "channel_test": [Access(OWNERS_DO, kwargs=CHANNEL, post={})],
    "channel_secret": [Access(OWNERS, kwargs=CHANNEL, post={})],
    "channel_delete": [Access(OWNERS_DO, kwargs=CHANNEL, post={})],
    "delivery_again": [Access(OWNERS_DO, kwargs={**CHANNEL, "delivery_id": "delivery"}, post={})],
    # One's own, which only the member has.
    "own_channels": [Access(SIGNED_IN), Access((302, 422, 422, 422, 422), post={"address": ""})],
    "own_channel_mail": [Access((302,) * 5, post={})],
    "own_channel_test": [Access((302, 404, 404, 302, 404), kwargs=OWN, post={})],
    "own_channel_drop": [Access((302, 404, 404, 302, 404), kwargs=OWN, post={})],
}


def make_things(lab: Lab) -> dict:
    run = add_run(lab.experiment, "watched")
    alert = Alert.objects.create(
        run=run, kind=Kind.NO_PROGRESS, iteration=3, mark=3, level=0, since=0, summary="Stuck."
    )
    Rule.objects.create(experiment=lab.experiment, kind=Kind.NO_PROGRESS, options={"minutes": 7})
    channel = make_channel(lab.team)
    Channel.objects.create(user=lab.member, kind=ChannelKind.MAIL, name="E-mail", events=["mention"])
    return {
        "alert": alert.id,
        "channel": channel.id,
        "rule_kind": "no_progress",
        "own_kind": "mail",
        "delivery": outbox.send_test(channel).id,
    }


def make_channel(team: Team, **fields) -> Channel:
    """A webhook that nothing is ever sent to."""
    fields = {"name": "Hook", "kind": ChannelKind.WEBHOOK, "events": ["alert"], **fields}
    sealed = encryption.encrypt("https://hooks.example.org/x", "channel address")
    return Channel.objects.create(team=team, address=sealed, shown_address="https://hooks.example.org/…", **fields)


def rows_of(team: Team) -> list[QuerySet]:
    return [
        Alert.objects.filter(run__experiment__team=team),
        Rule.objects.filter(experiment__team=team),
        Channel.objects.filter(team=team),
        Delivery.objects.filter(channel__team=team),
        Channel.objects.filter(user__memberships__team=team),
    ]
