"""Pictures that people upload: checked, bounded, and written anew, so that no byte of the file itself is kept."""

import io
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageOps

MAX_FILES = 16
MAX_BYTES = 10 * 2**20
MAX_PIXELS = 40_000_000
MAX_SIDE = 2048
FORMATS = ("PNG", "JPEG", "WEBP")


@dataclass(frozen=True)
class Upload:
    """A checked picture with the prompt that it is to be held against."""

    png: bytes
    prompt: str


def read_picture(file: UploadedFile) -> bytes:
    """The picture as a PNG of at most 2048 pixels a side, without what else the file said.

    Raises ValidationError with the file's name and the remedy.
    """
    if file.size > MAX_BYTES:
        raise ValidationError(f"“{file.name}” has more than {MAX_BYTES >> 20} MB: send a smaller file.")
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValidationError(
                    f"“{file.name}” has {image.width} × {image.height} pixels: send one of at most "
                    f"{MAX_PIXELS // 10**6} million."
                )
            image.load()
            picture = ImageOps.exif_transpose(image).convert("RGB")
    # A damaged file may fail in any of Pillow's decoders.
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValidationError(f"“{file.name}” is no picture: send PNG, JPEG or WebP.") from error
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def pair(files: list[UploadedFile], prompts: list[str]) -> list[Upload]:
    """Each picture with its prompt: one for all, or one for each in the order of the files' names.

    Raises ValidationError.
    """
    if len(files) > MAX_FILES:
        raise ValidationError(f"{len(files)} pictures are too many: send at most {MAX_FILES}.")
    if len(prompts) not in (1, len(files)):
        raise ValidationError(
            f"{len(files)} pictures and {len(prompts)} prompts: write one prompt for all, or a line for each picture."
        )
    in_order = sorted(files, key=lambda file: file.name or "")
    texts = prompts if len(prompts) == len(files) else prompts * len(files)
    return [Upload(read_picture(file), text) for file, text in zip(in_order, texts, strict=True)]
