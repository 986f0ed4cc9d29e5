"""Keeps the node's slots in use: takes what the fleet has for it, and sees each run through in a thread of its own.

It looks when a nudge comes, when a run ends, and every few seconds anyway: a nudge that never came costs only time.
"""

import logging
import threading
import uuid
from collections.abc import Callable

from django.db import connection

from core import logs
from fleet.models import Node
from fleet.scheduling import claim_next
from runs.lifecycle import Lease
from worker import supervisor
from worker.drawing import Drawing
from worker.job_taking import JobTaking
from worker.patience import Patience

LOOK_EVERY = 5.0

logger = logging.getLogger(__name__)


class Dispatcher:
    """Within a `with` block; at its end, or once `shutting_down` is set, it takes nothing more and waits until the
    runs that it has are handed back.
    """

    def __init__(self, find_node: Callable[[], Node], nudged: threading.Event, shutting_down: threading.Event):
        self._find_node = find_node
        self._jobs = JobTaking(nudged, shutting_down)
        self._drawing = Drawing(find_node, self.busy, shutting_down)
        self._nudged = nudged
        self._shutting_down = shutting_down
        self._patience = Patience("Queue")
        self._held: dict[uuid.UUID, tuple[int, ...]] = {}
        self._supervisions: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._keep_looking, name="dispatcher")

    def __enter__(self) -> "Dispatcher":
        self._thread.start()
        self._drawing.__enter__()
        return self

    def __exit__(self, *_) -> None:
        self._shutting_down.set()
        self._nudged.set()
        self._thread.join()
        for supervision in self._supervisions:
            supervision.join()
        self._jobs.wait()
        self._drawing.__exit__(*_)

    def busy(self) -> list[int]:
        """Slots that are in use here, whatever the tables say: an engine may outlive its lease by seconds."""
        return [slot for gpus in list(self._held.values()) for slot in gpus]

    def _keep_looking(self) -> None:
        while not self._shutting_down.is_set():
            self._nudged.clear()
            try:
                self._patience.try_once(self._take_all)
            except Exception:
                logger.exception("The queue could not be looked at.")
            self._nudged.wait(LOOK_EVERY)
        connection.close()

    def _take_all(self) -> None:
        """Take what fits; and what would, if the playground did not have the GPU that it needs."""
        node = self._find_node()
        self._take_what_fits(node)
        if self._drawing.is_in_the_way(node):
            with self._drawing.aside():
                self._take_what_fits(node)

    def _take_what_fits(self, node: Node) -> None:
        """Take small jobs first, which hold what they take for minutes, and then runs until none fits."""
        self._jobs.take_all(node, self.busy())
        while not self._shutting_down.is_set() and len(self.busy()) < len(node.slots):
            lease = claim_next(node, self.busy())
            if lease is None:
                return
            self._start(lease)

    def _start(self, lease: Lease) -> None:
        self._held[lease.token] = lease.gpus
        supervision = threading.Thread(target=self._see_through, args=[lease], name=f"run-{lease.run_id}")
        self._supervisions = [thread for thread in self._supervisions if thread.is_alive()] + [supervision]
        supervision.start()

    def _see_through(self, lease: Lease) -> None:
        try:
            with logs.about(run=lease.run_id):
                supervisor.see_through(lease, self._shutting_down)
        finally:
            del self._held[lease.token]
            self._nudged.set()
            connection.close()
