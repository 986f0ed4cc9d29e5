from django.apps import AppConfig


class EvaluatingConfig(AppConfig):
    name = "evaluating"

    def ready(self) -> None:
        from evaluating import frontier_source
        from runs import frontier_points

        frontier_points.SOURCES.append(frontier_source.SOURCE)
