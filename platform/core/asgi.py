"""The web application, pages and panel: `uvicorn --app-dir platform core.asgi:application`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")
# Each request has a thread of its own: without a limit, a rush of them would ask for more than the server allows.
os.environ.setdefault("DATABASE_POOL", "20")

django.setup(set_prefix=False)

# What follows reads the site's tables, so it comes after Django is set up.
from core.dispatch import Dispatcher  # noqa: E402
from core.site import Site  # noqa: E402
from frontend.panel.app import build_panel  # noqa: E402

application = Dispatcher(Site(), build_panel())
