"""Addresses of evaluations."""

from django.urls import path

from evaluating import asking_views, views

urlpatterns = [
    path("runs/<uuid:run_id>/evaluate/", asking_views.run_evaluate, name="run_evaluate"),
    path("runs/<uuid:run_id>/evaluate/cost/", asking_views.run_evaluate_cost, name="run_evaluate_cost"),
    path("evaluations/<uuid:job_id>/", views.evaluation, name="evaluation"),
    path("evaluations/<uuid:job_id>/status/", views.evaluation_status, name="evaluation_status"),
    path("evaluations/<uuid:job_id>/go-on/", views.evaluation_go_on, name="evaluation_go_on"),
    path("evaluations/<uuid:job_id>/scores.csv", views.evaluation_csv, name="evaluation_csv"),
]
