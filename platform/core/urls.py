"""All addresses of the site, but the panel's own under /panel/."""

from django.urls import include, path

from api import v1
from core import health, metrics

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("accounts/", include("teams.account_urls")),
    path("", include("teams.urls")),
    path("", include("runs.urls")),
    path("", include("fleet.urls")),
    path("", include("catalog.urls")),
    path("", include("alerts.urls")),
    path("", include("jobs.urls")),
    path("", include("runs.panel_urls")),
    path("", include("sweeps.urls")),
    path("", include("reports.urls")),
    path("", include("sharing.urls")),
    path("", include("pictures.urls")),
    path("", include("playground.urls")),
    path("", include("pictures.page_urls")),
    path("", include("comments.urls")),
    path("", include("exporting.urls")),
    path("", include("evaluating.urls")),
    path("", include("votes.urls")),
    path("", include("comparing.urls")),
    path("api/v1/", v1.addresses()),
]
