"""Addresses of nodes."""

from django.urls import path

from fleet import views

urlpatterns = [
    path("nodes/", views.nodes_page, name="nodes"),
    path("nodes/live/", views.nodes_live, name="nodes_live"),
    path("nodes/join/", views.node_join, name="node_join"),
    path("nodes/tokens/", views.join_token_new, name="join_token_new"),
    path("nodes/tokens/<int:token_id>/revoke/", views.join_token_revoke, name="join_token_revoke"),
    path("nodes/<int:node_id>/drain/", views.node_drain, name="node_drain"),
    path("nodes/<int:node_id>/undrain/", views.node_undrain, name="node_undrain"),
    path("nodes/<int:node_id>/forget/", views.node_forget, name="node_forget"),
    path("nodes/quotas/<int:team_id>/", views.quota_set, name="quota_set"),
]
