from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core import installation_metrics, metrics

        installation_metrics.register(metrics.registry)
