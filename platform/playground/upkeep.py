"""What nobody keeps goes: pictures after a day, sheets after a month."""

import logging
from datetime import timedelta

from django.core.files.storage import default_storage, storages
from django.db import transaction
from django.db.models.functions import Now

from core.storage import FilesAway
from pictures.files import thumbnail_name
from pictures.models import Drawing
from playground.models import LIVE, Sheet

SHEETS_LAST = timedelta(days=30)
AT_ONCE = 200

logger = logging.getLogger(__name__)


def forget() -> int:
    """Delete what has expired; returns how many pictures. What cannot be reached now goes another time."""
    Sheet.objects.filter(created_at__lt=Now() - SHEETS_LAST).exclude(state__in=LIVE).delete()
    try:
        return _forget_pictures()
    except FilesAway as error:
        logger.warning("Pictures of the playground stay for now: %s", error)
        return 0


@transaction.atomic
def _forget_pictures() -> int:
    """Their rows are locked until their files are gone: nobody keeps a picture that has none."""
    expired = list(
        Drawing.objects.select_for_update(skip_locked=True)
        .filter(expires_at__lt=Now())
        .order_by("expires_at")[:AT_ONCE]
    )
    for drawing in expired:
        default_storage.delete(drawing.path)
        storages["local"].delete(thumbnail_name(drawing))
    Drawing.objects.filter(id__in=[drawing.id for drawing in expired]).delete()
    return len(expired)
