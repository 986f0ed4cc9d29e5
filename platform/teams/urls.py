"""Addresses of teams, invitations and API tokens."""

from django.urls import path

from teams import invitation_views, token_views, views

urlpatterns = [
    path("teams/", views.team_list, name="teams"),
    path("teams/new/", views.team_new, name="team_new"),
    path("teams/<int:team_id>/", views.team_page, name="team"),
    path("teams/<int:team_id>/log/", views.team_log, name="team_log"),
    path("teams/<int:team_id>/leave/", views.team_leave, name="team_leave"),
    path("teams/<int:team_id>/members/<int:membership_id>/role/", views.member_role, name="member_role"),
    path("teams/<int:team_id>/members/<int:membership_id>/remove/", views.member_remove, name="member_remove"),
    path("teams/<int:team_id>/invitations/", invitation_views.invitation_new, name="invitation_new"),
    path(
        "teams/<int:team_id>/invitations/<int:invitation_id>/revoke/",
        invitation_views.invitation_revoke,
        name="invitation_revoke",
    ),
    path("join/", invitation_views.join, name="join"),
    path("join/confirm/", invitation_views.join_confirm, name="join_confirm"),
    path("accounts/tokens/", token_views.token_list, name="api_tokens"),
    path("accounts/tokens/<int:token_id>/revoke/", token_views.token_revoke, name="api_token_revoke"),
]
