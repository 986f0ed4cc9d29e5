"""Addresses of experiments and runs."""

from django.urls import path

from runs import downloads, fragments, life_views, list_urls, run_form_views, views

urlpatterns = [
    *list_urls.urlpatterns,
    path("experiments/<int:experiment_id>/runs/new/", run_form_views.run_new, name="run_new"),
    path("experiments/<int:experiment_id>/runs/check/", run_form_views.run_check, name="run_check"),
    path("runs/<uuid:run_id>/", views.run_page, name="run"),
    path("runs/<uuid:run_id>/cancel/", views.run_cancel, name="run_cancel"),
    path("runs/<uuid:run_id>/stop/", life_views.run_stop, name="run_stop"),
    path("runs/<uuid:run_id>/priority/", life_views.run_priority, name="run_priority"),
    path("runs/<uuid:run_id>/resume/", life_views.run_resume, name="run_resume"),
    path("runs/<uuid:run_id>/continue/", life_views.run_continue, name="run_continue"),
    path("runs/<uuid:run_id>/status/", fragments.run_status, name="run_status"),
    path("runs/<uuid:run_id>/results/", fragments.run_results, name="run_results"),
    path("runs/<uuid:run_id>/log/", fragments.run_log, name="run_log"),
    path("runs/<uuid:run_id>/log.txt", downloads.run_log_text, name="run_log_text"),
    path("runs/<uuid:run_id>/config.yaml", downloads.run_config, name="run_config"),
    path("checkpoints/<int:checkpoint_id>/continue/", life_views.checkpoint_continue, name="checkpoint_continue"),
    path("checkpoints/<int:checkpoint_id>/folder.zip", downloads.checkpoint_zip, name="checkpoint_zip"),
    path("checkpoints/<int:checkpoint_id>/lora.safetensors", downloads.checkpoint_lora, name="checkpoint_lora"),
]
