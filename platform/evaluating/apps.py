from django.apps import AppConfig


class EvaluatingConfig(AppConfig):
    name = "evaluating"
