"""Does the small work that waits, beside the node's runs: each job in a thread of its own, on a place of the node."""

import logging
import threading
from collections.abc import Collection

from django.db import connection

from core import logs
from fleet import slots
from fleet.models import Hold, Node
from jobs import lifecycle
from jobs.lifecycle import Lease
from jobs.models import Job
from worker import job_supervisor, node
from worker.devices import Devices
from worker.patience import AWAY, Patience

logger = logging.getLogger(__name__)


class JobTaking:
    """Takes jobs when it is told to. `ended` is set whenever one has ended, and its place and GPU are free."""

    def __init__(self, ended: threading.Event, shutting_down: threading.Event):
        self._ended = ended
        self._shutting_down = shutting_down
        self._supervisions: list[threading.Thread] = []

    def take_all(self, here: Node, busy: Collection[int]) -> None:
        """Take jobs until the node has no place for another. `busy`: slots in use whatever the tables say.

        What is wrong with a job must not keep runs from being taken; only a database that is away is the caller's.
        """
        try:
            self._take_all(here, busy)
        except AWAY:
            raise
        except Exception:
            logger.exception("The jobs could not be looked at.")

    def wait(self) -> None:
        """Until those that were taken have ended or are handed back."""
        for supervision in self._supervisions:
            supervision.join()

    def _take_all(self, here: Node, busy: Collection[int]) -> None:
        if not slots.has_job_slot(here):
            return
        for job in lifecycle.waiting_for(here):
            if self._shutting_down.is_set():
                return
            hold = slots.take_for_job(here, str(job), job.needs_gpu, busy)
            if hold is not None:
                self._start(job, here, hold)

    def _start(self, job: Job, here: Node, hold: Hold) -> None:
        lease = None
        try:
            lease = lifecycle.claim(job.id, node.name())
        finally:
            if lease is None:
                slots.give_back(hold)
        if lease is None:
            return
        devices = Devices(tuple(hold.gpus), here.has_gpus)
        supervision = threading.Thread(target=self._see_through, args=[lease, devices, hold], name=str(lease))
        self._supervisions = [thread for thread in self._supervisions if thread.is_alive()] + [supervision]
        supervision.start()

    def _see_through(self, lease: Lease, devices: Devices, hold: Hold) -> None:
        try:
            with logs.about(job=lease.job_id):
                job_supervisor.see_through(lease, devices, self._shutting_down)
            Patience(str(lease)).insist(lambda: slots.give_back(hold), give_up=self._shutting_down)
        except Exception:
            logger.exception("%s keeps its place until this worker starts anew.", lease)
        finally:
            self._ended.set()
            connection.close()
