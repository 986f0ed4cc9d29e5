"""Static files from the folders of the packages that own them."""

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise, answering with whole bodies: an event loop cannot stream from the iterator that it hands out."""

    @staticmethod
    def serve(static_file, request: HttpRequest) -> HttpResponse:
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file as file:
                body = file.read()
        response = HttpResponse(body, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        if found.file is not None:
            # A file that was replaced since the start has another length than WhiteNoise noted.
            response["Content-Length"] = str(len(body))
        return response
