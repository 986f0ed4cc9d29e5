"""Addresses of reports."""

from django.urls import path

from reports import edit_views, export_views, views

urlpatterns = [
    path("reports/", views.report_list, name="reports"),
    path("reports/new/", edit_views.report_new, name="report_new"),
    path("reports/check/", edit_views.report_check, name="report_check"),
    path("reports/preview/", edit_views.report_preview, name="report_preview"),
    path("reports/runs/", edit_views.report_runs, name="report_runs"),
    path("reports/block/", edit_views.report_block, name="report_block"),
    path("reports/<int:report_id>/", views.report_page, name="report"),
    path("reports/<int:report_id>/panels/<int:number>/", views.report_panel, name="report_panel"),
    path("reports/<int:report_id>/edit/", edit_views.report_edit, name="report_edit"),
    path("reports/<int:report_id>/delete/", edit_views.report_delete, name="report_delete"),
    path("reports/<int:report_id>/report.html", export_views.report_html, name="report_html"),
    path("reports/<int:report_id>/report.pdf", export_views.report_pdf, name="report_pdf"),
]
