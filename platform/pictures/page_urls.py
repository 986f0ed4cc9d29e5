"""The address of a picture's page."""

from django.urls import path

from pictures.page_views import picture_page

urlpatterns = [path("pictures/<str:ref>/", picture_page, name="picture")]
