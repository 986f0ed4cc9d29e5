"""Questions of an operator: does the process live, can it work, and does the work go on."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection
from kombu.exceptions import OperationalError

from core import queue_watch
from core.storage import FilesAway

CONNECT_SECONDS = 2
OK = "ok"
AWAY = "does not answer"
NOT_KNOWN = "not known while the database does not answer"


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process lives."""
    return JsonResponse({"status": OK})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Each part with what is wrong with it; 503 where this process cannot work.

    Pages work also while nobody takes runs or keeps house, so that is told, and is no 503.
    """
    needed = {"database": database_problem(), "broker": broker_problem(), "files": files_problem()}
    watched = {"migrations": migrations_problem, "queue": queue_watch.problem}
    if needed["database"]:
        known = dict.fromkeys(watched, NOT_KNOWN)
    else:
        known = {name: find() for name, find in watched.items()}
    known["housekeeping"] = "" if needed["broker"] else queue_watch.housekeeping_problem()
    is_ready = not any([*needed.values(), known["migrations"]])
    parts = {name: problem or OK for name, problem in {**needed, **known}.items()}
    return JsonResponse(parts, status=200 if is_ready else 503)


def database_problem() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return ""
    except DatabaseError:
        return AWAY


def broker_problem() -> str:
    try:
        with Connection(settings.BROKER_URL, connect_timeout=CONNECT_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=CONNECT_SECONDS)
            return ""
    except OperationalError:
        return AWAY


def files_problem() -> str:
    try:
        default_storage.probe()
        return ""
    except FilesAway as error:
        return str(error)


def migrations_problem() -> str:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    return f"{missing} are to be applied: run `manage.py prepare_site`" if missing else ""
