"""Addresses of alerts, their rules, and the channels of a team."""

from django.urls import path

from alerts import channel_views, own_channel_views, rule_views, views

CHANNEL = "teams/<int:team_id>/channels/<int:channel_id>/"

urlpatterns = [
    path("alerts/", views.alert_list, name="alerts"),
    path("alerts/acknowledge/", views.alerts_acknowledge, name="alerts_acknowledge"),
    path("alerts/<int:alert_id>/", views.alert_page, name="alert"),
    path("alerts/<int:alert_id>/acknowledge/", views.alert_acknowledge, name="alert_acknowledge"),
    path("runs/<uuid:run_id>/alerts/", views.run_alerts, name="run_alerts"),
    path("experiments/<int:experiment_id>/alert-rules/", rule_views.alert_rules, name="alert_rules"),
    path(
        "experiments/<int:experiment_id>/alert-rules/<str:kind>/reset/",
        rule_views.alert_rule_reset,
        name="alert_rule_reset",
    ),
    path("inbox/messages/", own_channel_views.own_channel_list, name="own_channels"),
    path("inbox/messages/mail/choose/", own_channel_views.own_channel_mail, name="own_channel_mail"),
    path("inbox/messages/<str:kind>/test/", own_channel_views.own_channel_test, name="own_channel_test"),
    path("inbox/messages/<str:kind>/drop/", own_channel_views.own_channel_drop, name="own_channel_drop"),
    path("teams/<int:team_id>/channels/", channel_views.channel_list, name="channels"),
    path(CHANNEL, channel_views.channel_page, name="channel"),
    path(f"{CHANNEL}delete/", channel_views.channel_delete, name="channel_delete"),
    path(f"{CHANNEL}test/", channel_views.channel_test, name="channel_test"),
    path(f"{CHANNEL}secret/", channel_views.channel_secret, name="channel_secret"),
    path(f"{CHANNEL}deliveries/<int:delivery_id>/again/", channel_views.delivery_again, name="delivery_again"),
]
