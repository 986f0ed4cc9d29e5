"""Addresses of comments and of the inbox."""

from django.urls import path

from comments import inbox_views, views

urlpatterns = [
    path("comments/", views.comment_thread, name="comment_thread"),
    path("comments/list/", views.comment_list, name="comment_list"),
    path("comments/new/", views.comment_new, name="comment_new"),
    path("comments/<int:comment_id>/", views.comment, name="comment"),
    path("comments/<int:comment_id>/edit/", views.comment_edit, name="comment_edit"),
    path("comments/<int:comment_id>/delete/", views.comment_delete, name="comment_delete"),
    path("inbox/", inbox_views.inbox, name="inbox"),
    path("inbox/read/", inbox_views.inbox_read, name="inbox_read"),
]
