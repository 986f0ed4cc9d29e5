"""What Prometheus is told, and that nobody else is."""

import pytest
from django.core.cache import cache
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from core import event_lag
from core.asgi import application
from core.installation_metrics import num_points
from runs.models import Run, RunState
from tests.platform.core.web_client import ask_as
from tests.platform.lab import CONFIG, add_point, add_run

TOKEN = "a-token-for-prometheus"


@pytest.fixture
def scrape(client, settings, db):
    settings.METRICS_TOKEN = TOKEN
    cache.clear()

    def scrape() -> dict[tuple, float]:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200 and response["Content-Type"].startswith("text/plain; version=")
        families = text_string_to_metric_families(response.text)
        return {
            (sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples
        }

    return scrape


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
def test_nobody_reads_them_without_the_token(header, client, settings, db):
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics", headers={"Authorization": header})
    assert response.status_code == 401 and "flowdppo_" not in response.text


def test_without_a_token_there_are_none(client, settings, db):
    settings.METRICS_TOKEN = ""
    response = client.get("/metrics", headers={"Authorization": "Bearer "})
    assert response.status_code == 404 and "set METRICS_TOKEN" in response.text


def test_runs_queue_nodes_and_deliveries_are_counted(scrape, lab, django_assert_max_num_queries):
    add_run(lab.experiment, state=RunState.RUNNING)
    Run.objects.create(experiment=lab.experiment, name="w", recipe="r", config=CONFIG)
    found = scrape()
    # One more is the stranger's.
    assert found["flowdppo_runs", "running"] == 2 and found["flowdppo_runs", "queued"] == 1
    assert found["flowdppo_runs", "failed"] == found["flowdppo_nodes", "silent"] == 0
    assert found["flowdppo_deliveries", "given up"] == 0
    assert 0 <= found["flowdppo_queue_oldest_seconds",] < 60
    assert found["process_resident_memory_bytes",] > 0
    with django_assert_max_num_queries(6):
        scrape()


def test_points_are_counted_as_they_come(scrape, lab):
    run = add_run(lab.experiment)
    before = num_points()
    for iteration in range(7):
        add_point(run, "reward/mean", iteration, 0.5)
    assert scrape()["flowdppo_points_total",] == before + 7


def test_the_lag_is_that_of_the_slowest_run(scrape, lab):
    slow, fast = (add_run(lab.experiment, state=RunState.RUNNING) for _ in range(2))
    ended = add_run(lab.experiment, state=RunState.FINISHED)
    assert scrape()["flowdppo_event_lag_seconds",] == 0
    for run, seconds in ((slow, 2.5), (fast, 0.1), (ended, 900.0)):
        event_lag.note(run.id, seconds)
    assert scrape()["flowdppo_event_lag_seconds",] == 2.5


@pytest.mark.django_db(transaction=True)
def test_requests_are_timed_by_pattern_and_never_by_address(scrape, settings, lab):
    web = ask_as(TestClient(application), lab.member)
    key = ("flowdppo_http_request_seconds_count", "GET", "/experiments/<int:experiment_id>/", "200")
    before = scrape().get(key, 0)
    web.get(f"/experiments/{lab.experiment.id}/")
    web.get("/nothing/with-a-secret/")
    found = scrape()
    assert found[key] == before + 1
    assert found["flowdppo_http_request_seconds_count", "GET", "elsewhere", "404"] >= 1
    assert not any("with-a-secret" in part for name in found for part in name)
