"""What somebody builds on stays: else a picture of the playground goes after a day."""

from collections.abc import Iterable

from django.db.models import QuerySet

from pictures.models import Drawing
from pictures.refs import DRAWING, Ref


def keep_shown(drawings: QuerySet[Drawing], refs: Iterable[Ref]) -> None:
    """Have those of `refs` that are among `drawings` never expire. Within the transaction of the deed."""
    ids = {ref.id for ref in refs if ref.kind == DRAWING}
    if ids:
        drawings.filter(id__in=ids).exclude(expires_at=None).update(expires_at=None)
