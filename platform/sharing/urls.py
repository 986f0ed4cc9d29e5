"""Addresses of sharing; those below /s/ are for people without an account."""

from django.urls import path

from sharing import file_views, views, visit_views

urlpatterns = [
    path("runs/<uuid:run_id>/share/", views.run_share, name="run_share"),
    path("reports/<int:report_id>/share/", views.report_share, name="report_share"),
    path("comparisons/<int:comparison_id>/share/", views.comparison_share, name="comparison_share"),
    path("teams/<int:team_id>/shares/", views.team_shares, name="team_shares"),
    path("teams/<int:team_id>/shares/switch/", views.sharing_switch, name="sharing_switch"),
    path("teams/<int:team_id>/shares/<int:link_id>/revoke/", views.share_revoke, name="share_revoke"),
    path("s/<str:secret>/", visit_views.share, name="share"),
    path("s/<str:secret>/status/", visit_views.share_status, name="share_status"),
    path("s/<str:secret>/report.html", file_views.share_html, name="share_html"),
    path("s/<str:secret>/report.pdf", file_views.share_pdf, name="share_pdf"),
    path("s/<str:secret>/panels/<int:number>/", visit_views.share_panel, name="share_panel"),
    path("s/<str:secret>/pictures/<str:ref>/", visit_views.share_picture, name="share_picture"),
    path("s/<str:secret>/pictures/<str:ref>/thumb/", visit_views.share_thumbnail, name="share_thumbnail"),
    path("s/<str:secret>/frames/<str:ref>/", visit_views.share_frames, name="share_frames"),
    path("s/<str:secret>/frames/<str:ref>/<int:number>/", visit_views.share_sheet, name="share_sheet"),
]
