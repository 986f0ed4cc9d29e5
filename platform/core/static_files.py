"""Static files from the folders of the packages that own them."""

import os

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from whitenoise.middleware import WhiteNoiseMiddleware

from core.compression import is_text, pack_file


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise, answering with whole bodies: an event loop cannot stream from the iterator that it hands out.

    The packages' files lie uncompressed, in folders that are not ours to write to, so they are packed in memory, once.
    """

    @staticmethod
    def serve(static_file, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        is_whole = found.file is not None and found.status == 200
        path = found.file.name if is_whole else ""
        body = b""
        if found.file is not None:
            with found.file as file:
                body = file.read()
        response = HttpResponse(body, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        if is_whole and is_text(response.get("Content-Type", "")):
            patch_vary_headers(response, ["Accept-Encoding"])
            if "gzip" in request.headers.get("Accept-Encoding", ""):
                response.content = pack_file(path, os.stat(path).st_mtime)
                response["Content-Encoding"] = "gzip"
        if found.file is not None:
            # A file that was replaced since the start has another length than WhiteNoise noted.
            response["Content-Length"] = str(len(response.content))
        return response
