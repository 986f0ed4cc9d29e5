"""Sees one attempt of a job through: start the engine, bring its events home, end it when asked, say how it went."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flowdppo_engine.events import Failed, Finished
from jobs import lifecycle
from jobs.lifecycle import Lease, LeaseLost
from jobs.models import Job
from worker import job_folder
from worker.devices import Devices
from worker.engine import Engine, console_tail
from worker.job_checkpoints import CheckpointGone
from worker.job_stream import JobStream
from worker.lease_keeper import LeaseKeeper
from worker.patience import DatabaseAway, Patience, T
from worker.verdict import describe_exit

LOOK_EVERY = 0.2

logger = logging.getLogger(__name__)


def see_through(lease: Lease, devices: Devices, shutting_down: threading.Event) -> None:
    """Bring a job that was claimed to its end, or back into the queue."""
    try:
        JobSupervisor(lease, devices, shutting_down).supervise()
    except LeaseLost:
        logger.warning("%s is no longer ours; its engine was ended.", lease)
    except DatabaseAway:
        logger.warning("%s could not be handed back; the next worker takes it from here.", lease)


class JobSupervisor:
    """Holds one attempt. Every write is fenced by its lease, and the engine never outlives the supervision.

    A job has nothing to save, so its engine is given no time to end.
    """

    def __init__(self, lease: Lease, devices: Devices, shutting_down: threading.Event):
        self._lease = lease
        self._devices = devices
        self._shutting_down = shutting_down
        self._patience = Patience(str(lease))
        self._engine: Engine | None = None

    def supervise(self) -> None:
        """Raises LeaseLost, or DatabaseAway where the job could not be ended by us."""
        with LeaseKeeper(self._lease, on_lost=self._kill, life=lifecycle) as keeper:
            end = self._work(keeper)
            self._insist(end)

    def _work(self, keeper: LeaseKeeper) -> Callable[[], None]:
        """What is to be written down in the end."""
        try:
            job = self._insist(lambda: Job.objects.get(id=self._lease.job_id))
            folder = self._insist(lambda: job_folder.lay_out(job))
            start = job_folder.num_bytes_told(folder)
            self._insist(lambda: lifecycle.begin_at(self._lease, start))
            stream = JobStream(self._lease, job, folder, start)
            self._run(Engine(folder, self._devices, verb=job.kind), stream, keeper)
            end = self._judge(stream, keeper, folder)
            job_folder.free(folder)
            return end
        except (LeaseLost, DatabaseAway):
            raise
        except CheckpointGone as gone:
            error, hint = str(gone), gone.hint
            return lambda: lifecycle.fail(self._lease, error, hint)
        except Exception as error:
            logger.exception("%s: the supervision failed.", self._lease)
            reason = f"The worker failed: {type(error).__name__}: {error}"
            return lambda: lifecycle.requeue(self._lease, reason)
        finally:
            self._end_engine()

    def _run(self, engine: Engine, stream: JobStream, keeper: LeaseKeeper) -> None:
        self._engine = engine
        self._insist(lambda: lifecycle.record_engine(self._lease, engine.group.pid, engine.group.started_at))
        engine.go()
        while engine.exit_code() is None:
            if keeper.lost.is_set():
                raise LeaseLost(self._lease)
            if keeper.cancel_requested.is_set() or self._shutting_down.is_set():
                break
            if not self._patience.try_once(stream.store_next):
                time.sleep(LOOK_EVERY)
        # Nothing of it may write any more once its stream is read to the end.
        self._end_engine()
        while self._insist(stream.store_next):
            pass

    def _judge(self, stream: JobStream, keeper: LeaseKeeper, folder: Path) -> Callable[[], None]:
        match stream.last_word:
            case Finished():
                return lambda: lifecycle.finish(self._lease)
            case Failed(error=error, hint=hint):
                return lambda: lifecycle.fail(self._lease, error, hint)
        if keeper.cancel_requested.is_set():
            return lambda: lifecycle.cancelled(self._lease)
        if self._shutting_down.is_set():
            return lambda: lifecycle.hand_back(self._lease)
        reason = f"{describe_exit(self._engine.exit_code())}\n\n{console_tail(folder)}".strip()
        return lambda: lifecycle.requeue(self._lease, reason)

    def _insist(self, action: Callable[[], T]) -> T:
        return self._patience.insist(action, give_up=self._shutting_down)

    def _end_engine(self) -> None:
        if self._engine is not None:
            self._engine.end()

    def _kill(self) -> None:
        if self._engine is not None:
            self._engine.group.send(signal.SIGKILL)
