"""Addresses of sweeps."""

from django.urls import path

from sweeps import submission_views, views

urlpatterns = [
    path("experiments/<int:experiment_id>/sweeps/", views.sweep_list, name="sweeps"),
    path("experiments/<int:experiment_id>/sweeps/preview/", submission_views.sweep_preview, name="sweep_preview"),
    path("experiments/<int:experiment_id>/sweeps/review/", submission_views.sweep_review, name="sweep_review"),
    path("experiments/<int:experiment_id>/sweeps/new/", submission_views.sweep_new, name="sweep_new"),
    path("experiments/<int:experiment_id>/seeds/", views.seeds_page, name="seeds"),
    path("sweeps/<uuid:sweep_id>/", views.sweep_page, name="sweep"),
    path("sweeps/<uuid:sweep_id>/results/", views.sweep_results, name="sweep_results"),
    path("sweeps/<uuid:sweep_id>/cancel/", views.sweep_cancel, name="sweep_cancel"),
    path("sweeps/<uuid:sweep_id>/seeds/", views.sweep_seeds, name="sweep_seeds"),
]
