"""The node's place in the fleet: it registers, and says every ten seconds that it lives and what its GPUs do.

The heartbeat comes from a thread of its own. A driver that hangs cannot hold it up, as GPUs are read by another
thread; neither can a database that is away, which is asked again at the next beat.
"""

import logging
import socket
import subprocess
import threading
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection

from fleet import readings, registry
from fleet.models import Node
from fleet.readings import Gpu
from flowdppo_engine import __version__
from worker import node
from worker.patience import Patience

BEAT_EVERY = timedelta(seconds=10)
JOB_SLOTS = 2
READING_FAILED = (OSError, subprocess.SubprocessError, ValueError)

logger = logging.getLogger(__name__)


class Membership:
    """Within a `with` block the node is registered and its heart beats. Raises SystemExit where the driver of its GPUs
    does not answer at the start.
    """

    def __init__(self):
        self._gpus = _first_look()
        self._done = threading.Event()
        self._measuring = threading.Thread(target=self._measure, name="gpus", daemon=True)
        self._beating = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.node = Patience("Start").insist(self._register, give_up=self._done)

    def __enter__(self) -> "Membership":
        self._measuring.start()
        self._beating.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        # A beat after the farewell would take it back.
        self._beating.join(timeout=BEAT_EVERY.total_seconds())
        try:
            registry.leave(self.node)
        except Error as error:
            logger.warning("The database was not told that this node goes: %s", error)

    def _register(self) -> Node:
        slots = [gpu.index for gpu in self._gpus] or list(range(settings.WORKER_SLOTS))
        about = {"name": node.name(), "host": socket.gethostname()[:100], "version": __version__}
        return registry.register(**about, slots=slots, job_slots=JOB_SLOTS, reading=readings.read(self._gpus))

    def _measure(self) -> None:
        """Only where there is a GPU to read. What does not answer keeps its last figures."""
        while self._gpus and not self._done.wait(BEAT_EVERY.total_seconds()):
            try:
                self._gpus = readings.read_gpus() or self._gpus
            except READING_FAILED as error:
                logger.warning("nvidia-smi does not answer: %s", error)

    def _beat(self) -> None:
        while not self._done.wait(BEAT_EVERY.total_seconds()):
            try:
                if not registry.beat(self.node, readings.read(self._gpus)):
                    self.node = self._register()
            except Error as error:
                logger.warning("No heartbeat: the database does not answer: %s", error)
                connection.close()
        connection.close()


def _first_look() -> list[Gpu]:
    try:
        return readings.read_gpus()
    except READING_FAILED as error:
        said = getattr(error, "stdout", None) or getattr(error, "stderr", None) or error
        raise SystemExit(
            f"nvidia-smi is there and does not answer ({str(said).strip()}): mend the driver, or start the worker "
            "with CUDA_VISIBLE_DEVICES= to train without a GPU."
        ) from error
