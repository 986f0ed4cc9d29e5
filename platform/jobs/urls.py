"""Addresses of jobs."""

from django.urls import path

from jobs import starting_views, views

urlpatterns = [
    path("jobs/", views.job_list, name="jobs"),
    path("jobs/<uuid:job_id>/", views.job_page, name="job"),
    path("jobs/<uuid:job_id>/status/", views.job_status, name="job_status"),
    path("jobs/<uuid:job_id>/cancel/", views.job_cancel, name="job_cancel"),
    path("jobs/<uuid:job_id>/again/", views.job_again, name="job_again"),
    path("jobs/<uuid:job_id>/pictures/<int:index>/", views.job_picture, name="job_picture"),
    path("jobs/<uuid:job_id>/pictures/<int:index>/small/", views.job_thumbnail, name="job_thumbnail"),
    path("runs/<uuid:run_id>/first-step/", views.run_first_step, name="run_first_step"),
    path("teams/<int:team_id>/dry-run/", starting_views.dry_run, name="dry_run"),
    path("catalogue/versions/<int:version_id>/dry-run/", starting_views.dry_run_of_version, name="dry_run_of_version"),
    path("experiments/<int:experiment_id>/dry-run/", starting_views.dry_run_of_form, name="dry_run_of_form"),
    path("experiments/<int:experiment_id>/first-step/", starting_views.preflight_of_form, name="preflight_of_form"),
]
