"""Files as a browser uploads them."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def picture(name: str = "a.png", size: tuple[int, int] = (32, 24), kind: str = "PNG", **options) -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", size, options.pop("colour", (200, 30, 30))).save(buffer, kind, **options)
    return SimpleUploadedFile(name, buffer.getvalue())
