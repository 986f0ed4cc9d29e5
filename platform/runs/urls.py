"""Addresses of experiments and runs."""

urlpatterns = []
