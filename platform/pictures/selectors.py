"""What may be read of drawings. Everything starts from a user and holds only their teams' rows."""

from django.db.models import QuerySet

from pictures.models import Drawing
from teams.models import User


def visible_drawings(user: User) -> QuerySet[Drawing]:
    return Drawing.objects.filter(team__memberships__user=user).select_related("run")
