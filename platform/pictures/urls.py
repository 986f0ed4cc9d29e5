"""Addresses of the wall of pictures, and of drawings."""

from django.urls import path

from pictures import views, wall_views

urlpatterns = [
    path("samples/", wall_views.samples, name="samples"),
    path("samples/tiles", wall_views.samples_tiles, name="samples_tiles"),
    path("media/drawings/<int:drawing_id>/", views.drawing_picture, name="drawing_picture"),
    path("media/drawings/<int:drawing_id>/thumb/", views.drawing_thumbnail, name="drawing_thumbnail"),
]
