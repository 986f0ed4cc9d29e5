"""The bytes of a picture, whatever table it is in."""

from pictures.models import Drawing
from runs import media
from runs.models import Sample


def read_picture(row: Sample | Drawing) -> media.Picture:
    """As it was drawn. Raises FileNotFoundError where its file is gone or is no picture."""
    return media.read_picture(row) if isinstance(row, Sample) else media.read_stored(row.path)


def read_thumbnail(row: Sample | Drawing) -> media.Picture:
    """Fit for a tile. Raises FileNotFoundError."""
    if isinstance(row, Sample):
        return media.read_thumbnail(row)
    return media.read_small(thumbnail_name(row), lambda: media.read_stored(row.path))


def thumbnail_name(drawing: Drawing) -> str:
    """In the storage of what this machine can make again."""
    return f"thumbnails/drawings/{drawing.id}.webp"
