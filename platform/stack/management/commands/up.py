"""`manage.py up`: the whole platform on this machine, until Ctrl-C.

From the environment: FLOWDPPO_DATA (the data folder), HOST and PORT of the page, DATABASE_URL and REDIS_URL (servers
of your own instead of the embedded ones), FLOWDPPO_WORKER_SLOTS (runs at a time).
"""

import fcntl
import os
import signal
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from stack.console import say
from stack.errors import StackError
from stack.platform_run import Place, PlatformRun
from stack.preflight import choose_port, prepare_data_folder
from stack.process_records import ProcessRecords


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        try:
            run_platform(Path(settings.DATA_DIR))
        except StackError as error:
            raise CommandError(str(error)) from error


def run_platform(data_dir: Path) -> None:
    _on_signals(_interrupt)
    prepare_data_folder(data_dir)
    with (data_dir / "up.lock").open("a+") as lock:
        _hold(lock)
        if num_left := ProcessRecords(data_dir).end_leftovers():
            say(f"Ended {num_left} processes that an earlier start had left behind.")
        host = os.environ.get("HOST", "127.0.0.1")
        port = choose_port(host, os.environ.get("PORT"))
        place = Place(Path(settings.ROOT), data_dir, host, port, settings.ENGINE_GRACE_SECONDS)
        _note_address(lock, place.address)
        platform = PlatformRun(place)
        try:
            platform.start()
            _announce(place)
            platform.watch()
        except KeyboardInterrupt:
            say("Stopping everything; this takes a while if an engine has a checkpoint to write.")
        finally:
            _on_signals(signal.SIG_IGN)
            platform.stop()
            say("Everything is stopped. The next `make run` goes on from here.")


def _on_signals(handler) -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, handler)


def _interrupt(*_) -> None:
    raise KeyboardInterrupt


def _hold(lock) -> None:
    """The lock dies with us, however we die."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        address = lock.read().strip() or "another address"
        raise StackError(f"The platform already runs on this data folder: {address}") from None


def _note_address(lock, address: str) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(address)
    lock.flush()


def _announce(place: Place) -> None:
    print(
        f"\n  Flow-DPPO is up:  {place.address}\n\n"
        f"  Logs are in {place.data_dir / 'logs'}. Ctrl-C stops everything.\n",
        flush=True,
    )
