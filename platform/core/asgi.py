"""The web application, pages and panel: `uvicorn --app-dir platform core.asgi:application`."""

import os

import django

from core import database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")
# Before the settings are read: other processes need no pool.
database.share(int(os.environ.get("DATABASE_POOL", "20")))

django.setup(set_prefix=False)

# What follows reads the site's tables, so it comes after Django is set up.
from core.dispatch import Dispatcher  # noqa: E402
from core.site import Site  # noqa: E402
from frontend.panel.app import build_panel  # noqa: E402

application = Dispatcher(Site(), build_panel())
