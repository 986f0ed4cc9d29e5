"""Answers go out compressed, where that pays and gives nothing away.

The length of a compressed page can betray a secret in it to someone who may put text of theirs beside it and watch
(BREACH). Of the secrets in our pages the CSRF token is masked anew in each answer, and what is shown once stands in no
second one; Django's middleware also pads each answer by a random length.
"""

import gzip
from collections.abc import Callable
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from starlette.middleware.gzip import GZipMiddleware as PanelGZip

TEXTS = ("application/javascript", "application/json", "application/yaml", "image/svg+xml")
LEVEL = 6
# Of files that are alike for everyone, packed once.
NUM_PACKED = 256


class Compression(GZipMiddleware):
    """Texts are compressed. Pictures and archives are already, and what streams is sent as it comes."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.streaming or not is_text(response.get("Content-Type", "")):
            return response
        return super().process_response(request, response)


def is_text(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in TEXTS


def compress_panel(panel: Callable) -> Callable:
    """Gradio's application with its answers compressed; its events stream as before."""
    return PanelGZip(panel, compresslevel=LEVEL)


@lru_cache(maxsize=NUM_PACKED)
def pack_file(path: str, modified: float) -> bytes:
    """A file's content compressed; `modified` tells its versions apart."""
    with open(path, "rb") as file:
        return gzip.compress(file.read(), LEVEL, mtime=0)
