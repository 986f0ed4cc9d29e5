"""Addresses of votes."""

from django.urls import path

from votes import ballot_views, views

urlpatterns = [
    path("votes/", views.vote_list, name="votes"),
    path("votes/new/", views.vote_new, name="vote_new"),
    path("votes/<uuid:vote_id>/", views.vote_page, name="vote"),
    path("votes/<uuid:vote_id>/results/", views.vote_results, name="vote_results"),
    path("votes/<uuid:vote_id>/close/", views.vote_close, name="vote_close"),
    path("votes/<uuid:vote_id>/delete/", views.vote_delete, name="vote_delete"),
    path("votes/<uuid:vote_id>/next/", ballot_views.vote_next, name="vote_next"),
    path("votes/<uuid:vote_id>/undo/", ballot_views.vote_undo, name="vote_undo"),
    path("ballots/<uuid:ballot_id>/answer/", ballot_views.ballot_answer, name="ballot_answer"),
    path("ballots/<uuid:ballot_id>/left/", ballot_views.ballot_picture, {"side": "left"}, name="ballot_left"),
    path("ballots/<uuid:ballot_id>/right/", ballot_views.ballot_picture, {"side": "right"}, name="ballot_right"),
]
