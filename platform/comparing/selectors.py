"""What may be read of saved comparisons. Everything starts from a user and holds only their teams' rows."""

from django.db.models import QuerySet

from comparing.models import Comparison
from teams.models import User


def visible_comparisons(user: User) -> QuerySet[Comparison]:
    """Newest first."""
    return Comparison.objects.filter(team__memberships__user=user).select_related("team", "created_by").order_by("-id")


def comparisons_before(user: User, comparison_id: int | None = None) -> QuerySet[Comparison]:
    """The newest, or those before this one: so a page stays the same while new ones come."""
    comparisons = visible_comparisons(user)
    return comparisons.filter(id__lt=comparison_id) if comparison_id else comparisons
