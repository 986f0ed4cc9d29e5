"""Addresses of how checkpoints go out."""

from django.urls import path

from exporting import push_views, views

urlpatterns = [
    path("checkpoints/<int:checkpoint_id>/export/", views.checkpoint_export, name="checkpoint_export"),
    path("checkpoints/<int:checkpoint_id>/model.zip", views.checkpoint_model_zip, name="checkpoint_model_zip"),
    path("checkpoints/<int:checkpoint_id>/push/", push_views.checkpoint_push, name="checkpoint_push"),
    path("pushes/<uuid:push_id>/call-back/", push_views.push_call_back, name="push_call_back"),
    path("checkpoints/<int:checkpoint_id>/pushes/", push_views.checkpoint_pushes, name="checkpoint_pushes"),
]
