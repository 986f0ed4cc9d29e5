"""What the tables say of the whole installation, read when Prometheus asks; the same from every web process."""

from collections import Counter
from collections.abc import Iterator

from django.db import connection
from django.db.models import Count, DurationField, ExpressionWrapper, F, Max
from django.db.models.functions import Extract, Now
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerts.models import Delivery, DeliveryState
from core import event_lag
from fleet.models import Node
from fleet.snapshot import waiting_runs
from fleet.states import NodeState
from runs.models import MetricPoint, Run, RunState


class Installation(Collector):
    """Six queries, however much there is."""

    def describe(self) -> list[Metric]:
        """Nothing is read before somebody asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        runs = dict(Run.objects.order_by().values_list("state").annotate(number=Count("id")))
        yield _gauge("runs", "Runs by state.", "state", {state: runs.get(state, 0) for state in RunState.values})
        yield _single("queue_oldest_seconds", "How long the run has waited that has waited longest.", oldest_wait())
        nodes = Counter(str(node.state) for node in Node.objects.all())
        yield _gauge("nodes", "Machines by state.", "state", {state: nodes.get(state, 0) for state in NodeState})
        deliveries = dict(Delivery.objects.order_by().values_list("state").annotate(number=Count("id")))
        by_state = {state: deliveries.get(state, 0) for state in DeliveryState.values}
        yield _gauge("deliveries", "Messages to channels by state.", "state", by_state)
        points = CounterMetricFamily("flowdppo_points", "Metric points stored so far; its rate is ingestion.")
        points.add_metric([], num_points())
        yield points
        running = Run.objects.filter(state=RunState.RUNNING).values_list("id", flat=True)
        lags = event_lag.read(running)
        yield _single("event_lag_seconds", "From an engine's word to the tables, of the slowest run.", max([0, *lags]))


def oldest_wait() -> float:
    age = Extract(ExpressionWrapper(Now() - F("created_at"), DurationField()), "epoch")
    return float(waiting_runs().annotate(age=age).aggregate(oldest=Max("age"))["oldest"] or 0.0)


def num_points() -> int:
    """As the sequence has counted them: counting the rows would take longer the more there are."""
    table = MetricPoint._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(pg_sequence_last_value(pg_get_serial_sequence(%s, 'id')), 0)", [table])
        return cursor.fetchone()[0]


def register(registry: CollectorRegistry) -> None:
    registry.register(Installation())


def _single(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"flowdppo_{name}", words, value)


def _gauge(name: str, words: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"flowdppo_{name}", words, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
