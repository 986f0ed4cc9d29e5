"""The panel as an ASGI application: a Gradio page that holds the controls; `frontend/static/js/panel` draws.

It is read-only and keeps nothing: runs and view are in its address, data and pictures come from Django by id.
"""

import os

# Before Gradio is imported: it reads this then.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr  # noqa: E402
from django.conf import settings  # noqa: E402
from django.templatetags.static import static  # noqa: E402
from fastapi import FastAPI, Request  # noqa: E402

from core.dispatch import PREFIX, USER_KEY  # noqa: E402
from frontend.panel import theme  # noqa: E402
from frontend.panel.page import build_page  # noqa: E402


def build_panel() -> FastAPI:
    """The application to serve under `PREFIX`, behind the guard of `core.dispatch`."""
    return gr.mount_gradio_app(
        FastAPI(openapi_url=None),
        build_page(),
        path=PREFIX,
        # The second wall: without the guard in front nobody gets in.
        auth_dependency=find_user_of_guard,
        # Gradio's permission to read a file is the application's, never a person's: it gets none at all.
        allowed_paths=[],
        blocked_paths=[str(path) for path in (settings.ROOT, settings.DATA_DIR, os.getcwd())],
        max_file_size=0,
        theme=theme.make_theme(),
        head=theme.make_head(static),
        show_error=False,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
    )


def find_user_of_guard(request: Request) -> str | None:
    return request.scope.get(USER_KEY)
