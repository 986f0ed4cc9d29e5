from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "alerts"

    def ready(self) -> None:
        from alerts import outbox
        from runs.signals import run_ended

        run_ended.connect(outbox.note_end, dispatch_uid="alerts.outbox")
