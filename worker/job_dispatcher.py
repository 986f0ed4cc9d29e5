"""Does the small work that waits, beside the node's runs: each job in a thread of its own, on a place of the node.

It looks when a nudge comes, when a job ends, and every few seconds anyway: a nudge that never came costs only those.
"""

import logging
import threading
from collections.abc import Callable, Collection

from django.db import connection

from fleet import slots
from fleet.models import Hold, Node
from jobs import lifecycle
from jobs.lifecycle import Lease
from jobs.models import Job
from worker import job_supervisor, node
from worker.devices import Devices
from worker.patience import Patience

LOOK_EVERY = 2.0

logger = logging.getLogger(__name__)


class JobDispatcher:
    """Within a `with` block; at its end, or once `shutting_down` is set, it takes no more and hands its jobs back.

    `busy` tells which slots this worker knows to be in use whatever the tables say.
    """

    def __init__(
        self,
        find_node: Callable[[], Node],
        busy: Callable[[], Collection[int]],
        nudged: threading.Event,
        shutting_down: threading.Event,
    ):
        self._find_node = find_node
        self._busy = busy
        self._nudged = nudged
        self._shutting_down = shutting_down
        self._patience = Patience("Jobs")
        self._supervisions: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._keep_looking, name="job-dispatcher")

    def __enter__(self) -> "JobDispatcher":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._shutting_down.set()
        self._nudged.set()
        self._thread.join()
        for supervision in self._supervisions:
            supervision.join()

    def _keep_looking(self) -> None:
        while not self._shutting_down.is_set():
            self._nudged.clear()
            try:
                self._patience.try_once(self._take_all)
            except Exception:
                logger.exception("The jobs could not be looked at.")
            self._nudged.wait(LOOK_EVERY)
        connection.close()

    def _take_all(self) -> None:
        """Take jobs until the node has no place for another."""
        here = self._find_node()
        if Hold.objects.filter(node=here).count() >= here.job_slots:
            return
        for job in lifecycle.waiting_for(here):
            if self._shutting_down.is_set():
                return
            hold = slots.take_for_job(here, str(job), job.needs_gpu, self._busy())
            if hold is not None:
                self._start(job, here, hold)

    def _start(self, job: Job, here: Node, hold: Hold) -> None:
        lease = lifecycle.claim(job.id, node.name())
        if lease is None:
            slots.give_back(hold)
            return
        devices = Devices(tuple(hold.gpus), here.has_gpus)
        supervision = threading.Thread(target=self._see_through, args=[lease, devices, hold], name=str(lease))
        self._supervisions = [thread for thread in self._supervisions if thread.is_alive()] + [supervision]
        supervision.start()

    def _see_through(self, lease: Lease, devices: Devices, hold: Hold) -> None:
        try:
            job_supervisor.see_through(lease, devices, self._shutting_down)
            self._patience.insist(lambda: slots.give_back(hold), give_up=self._shutting_down)
        except Exception:
            logger.exception("%s keeps its place until this worker starts anew.", lease)
        finally:
            self._nudged.set()
            connection.close()
