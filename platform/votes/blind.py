"""The bytes of a picture on a ballot, with nothing left in them that tells who drew it.

A PNG may carry texts and dates, and one policy's pictures may be JPEGs where the other's are PNGs. So an image is
written anew from its pixels, always as a PNG; of a video, an animated WebP, only the parts that are the picture stay.
"""

import io
import struct
from collections.abc import Iterator

from PIL import Image, UnidentifiedImageError

from pictures.files import read_picture
from pictures.refs import find_pictures, parse_ref
from runs import media
from teams.models import User
from votes.models import Ballot

# Quick, and a third larger than the smallest.
EFFORT = 1
# What of a WebP container is the picture itself (RFC 9649); EXIF, XMP and colour profiles are not among them.
WEBP_PARTS = (b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH")
# Of the flags in VP8X those that announce what was dropped: colour profile, EXIF, XMP.
NO_METADATA = 0xFF & ~(0x20 | 0x08 | 0x04)


def read_side(user: User, ballot: Ballot, side: str) -> media.Picture:
    """Raises FileNotFoundError where the picture is gone, or is none."""
    ref = parse_ref(ballot.picture_on(side))
    row = find_pictures(user, [ref]).get(ref)
    if row is None:
        raise FileNotFoundError("This picture no longer counts: its run went on from before it.")
    try:
        return strip(read_picture(row).content)
    except UnidentifiedImageError as error:
        raise FileNotFoundError(f"The file of {ref} is no picture.") from error


def strip(content: bytes) -> media.Picture:
    """The picture alone."""
    with Image.open(io.BytesIO(content)) as image:
        if image.format == "WEBP" and getattr(image, "is_animated", False):
            return media.Picture(_without_metadata(content), "image/webp")
        pixels = image.convert("RGB")
    buffer = io.BytesIO()
    bare = Image.new("RGB", pixels.size)
    bare.paste(pixels)
    bare.save(buffer, "PNG", compress_level=EFFORT)
    return media.Picture(buffer.getvalue(), "image/png")


def _without_metadata(webp: bytes) -> bytes:
    body = b"WEBP" + b"".join(_chunk(name, data) for name, data in _chunks(webp) if name in WEBP_PARTS)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunks(webp: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(webp):
        name, size = webp[at : at + 4], struct.unpack("<I", webp[at + 4 : at + 8])[0]
        yield name, webp[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _chunk(name: bytes, data: bytes) -> bytes:
    if name == b"VP8X":
        data = bytes([data[0] & NO_METADATA]) + data[1:]
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
