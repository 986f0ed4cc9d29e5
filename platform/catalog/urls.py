"""Addresses of the catalogue."""

from django.urls import path, register_converter

from catalog import edit_views, views
from catalog.models import Kind


class KindConverter:
    regex = "|".join(Kind.values)

    def to_python(self, value: str) -> Kind:
        return Kind(value)

    def to_url(self, value: str) -> str:
        return str(Kind(value))


register_converter(KindConverter, "kind")

urlpatterns = [
    path("catalogue/", views.catalogue, name="catalogue"),
    path("catalogue/new/<kind:kind>/", edit_views.item_new, name="catalogue_new"),
    path("catalogue/check/<kind:kind>/", edit_views.check, name="catalogue_check"),
    path("catalogue/sandbox/<int:team_id>/", edit_views.sandbox_add, name="catalogue_sandbox"),
    path("catalogue/<int:item_id>/", views.item_page, name="catalogue_item"),
    path("catalogue/<int:item_id>/edit/", edit_views.item_edit, name="catalogue_edit"),
    path("catalogue/<int:item_id>/archive/", edit_views.item_archive, name="catalogue_archive"),
    path("catalogue/<int:item_id>/difference/", views.difference, name="catalogue_difference"),
    path("catalogue/<int:item_id>/v<int:number>/file/", views.version_file, name="catalogue_file"),
    path("catalogue/<int:item_id>/v<int:number>/delete/", edit_views.version_delete, name="catalogue_delete"),
]
