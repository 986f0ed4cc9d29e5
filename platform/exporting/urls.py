"""Addresses of how checkpoints go out."""

from django.urls import path

from exporting import views

urlpatterns = [
    path("checkpoints/<int:checkpoint_id>/export/", views.checkpoint_export, name="checkpoint_export"),
    path("checkpoints/<int:checkpoint_id>/model.zip", views.checkpoint_model_zip, name="checkpoint_model_zip"),
]
