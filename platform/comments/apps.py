from django.apps import AppConfig


class CommentsConfig(AppConfig):
    name = "comments"

    def ready(self) -> None:
        from alerts import late_contents
        from alerts.models import EventKind
        from comments import mentions

        late_contents.register(EventKind.MENTION, mentions.content_for)
