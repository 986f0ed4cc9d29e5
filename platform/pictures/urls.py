"""Addresses of drawings."""

from django.urls import path

from pictures import views

urlpatterns = [
    path("media/drawings/<int:drawing_id>/", views.drawing_picture, name="drawing_picture"),
    path("media/drawings/<int:drawing_id>/thumb/", views.drawing_thumbnail, name="drawing_thumbnail"),
]
