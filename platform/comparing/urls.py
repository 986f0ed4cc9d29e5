"""Addresses of comparisons, and of the frames of videos."""

from django.urls import path

from comparing import frame_views, saved_views, views

urlpatterns = [
    path("compare/", views.compare, name="compare"),
    path("compare/picker/", views.compare_picker, name="compare_picker"),
    path("compare/pictures/", views.compare_pictures, name="compare_pictures"),
    path("comparisons/", saved_views.comparison_list, name="comparisons"),
    path("comparisons/new/", saved_views.comparison_new, name="comparison_new"),
    path("comparisons/<int:comparison_id>/", saved_views.comparison, name="comparison"),
    path("comparisons/<int:comparison_id>/change/", saved_views.comparison_change, name="comparison_change"),
    path("comparisons/<int:comparison_id>/delete/", saved_views.comparison_delete, name="comparison_delete"),
    path("media/frames/<str:name>/", frame_views.picture_frames, name="picture_frames"),
    path("media/frames/<str:name>/<int:number>/", frame_views.picture_sheet, name="picture_sheet"),
]
