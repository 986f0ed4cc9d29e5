"""Addresses of the lists: experiments, their runs, all runs, and what is done to them there."""

from django.urls import path

from runs import experiment_views, list_views

urlpatterns = [
    path("", experiment_views.experiment_list, name="experiments"),
    path("experiments/new/", experiment_views.experiment_new, name="experiment_new"),
    path("experiments/<int:experiment_id>/", experiment_views.experiment_page, name="experiment"),
    path("experiments/<int:experiment_id>/runs/", experiment_views.experiment_runs, name="experiment_runs"),
    path("experiments/<int:experiment_id>/compare/", experiment_views.experiment_compare, name="experiment_compare"),
    path("experiments/<int:experiment_id>/about/", experiment_views.experiment_describe, name="experiment_describe"),
    path("experiments/<int:experiment_id>/archive/", experiment_views.experiment_archive, name="experiment_archive"),
    path("runs/", list_views.run_list, name="runs"),
    path("runs/table/", list_views.run_table, name="run_table"),
    path("runs/bulk/", list_views.runs_bulk, name="runs_bulk"),
    path("runs/<uuid:run_id>/about/", list_views.run_describe, name="run_describe"),
    path("runs/<uuid:run_id>/name/", list_views.run_rename, name="run_rename"),
]
