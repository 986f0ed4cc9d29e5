"""Addresses of the playground."""

from django.urls import path

from playground import views

urlpatterns = [
    path("playground/", views.playground, name="playground"),
    path("playground/choices/", views.choices, name="playground_choices"),
    path("playground/history/", views.history, name="playground_history"),
    path("playground/draw/", views.draw, name="playground_draw"),
    path("playground/sheets/<uuid:sheet_id>/", views.status, name="playground_status"),
    path("playground/sheets/<uuid:sheet_id>/stop/", views.stop, name="playground_stop"),
    path("playground/drawings/<int:drawing_id>/keep/", views.keep, name="playground_keep"),
    path("playground/drawings/<int:drawing_id>/let-go/", views.let_go, name="playground_let_go"),
]
