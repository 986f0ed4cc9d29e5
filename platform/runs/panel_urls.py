"""The page of the panel's views, and the addresses that the panel fetches its data and pictures from."""

from django.urls import path

from runs import curve_views, panel_views

urlpatterns = [
    path("curves/", curve_views.curves_page, name="curves"),
    path("curves/runs/", curve_views.curves_picker, name="curves_picker"),
    path("runs/series", panel_views.series, name="run_series"),
    path("runs/series/lost", panel_views.lost_series, name="run_lost_series"),
    path("runs/series/keys", panel_views.metric_keys, name="run_metric_keys"),
    path("runs/frontier", panel_views.frontier, name="run_frontier"),
    path("runs/samples", panel_views.samples, name="run_samples"),
    path("media/samples/<int:sample_id>/", panel_views.sample_picture, name="sample_picture"),
    path("media/samples/<int:sample_id>/thumb/", panel_views.sample_thumbnail, name="sample_thumbnail"),
]
