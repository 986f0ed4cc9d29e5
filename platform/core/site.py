"""Django as the web process runs it: each request is answered in one thread, of a few that stay.

As Django comes, it goes to a thread and back for each middleware, which costs more than most pages do, and starts a
thread for each request, so that a rush of them has no limit.
"""

from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

NUM_THREADS = 16


class Site(ASGIHandler):
    """The ASGI application of the site's pages. What streams does so outside these threads."""

    def __init__(self):
        super().__init__()
        self.load_middleware(is_async=False)
        self._answer = sync_to_async(
            self._answer_here, thread_sensitive=False, executor=ThreadPoolExecutor(NUM_THREADS, "request")
        )

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await self._answer(request)

    def _answer_here(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            # Django's own signal for this goes to another thread.
            close_old_connections()
