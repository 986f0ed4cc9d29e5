"""Sees one attempt of a run through: start the engine, bring its events home, end it when asked, say how it went."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from flowdppo_engine import tenure
from flowdppo_engine.training.stopping import StopFile
from runs import lifecycle
from runs.deaths import Death
from runs.lifecycle import Lease, LeaseLost
from runs.models import Attempt, AttemptOutcome, Run
from worker import event_tail, node, starting_point
from worker.devices import Devices
from worker.engine import Engine, console_tail, write_config
from worker.event_stream import EventStream
from worker.lease_keeper import LeaseKeeper
from worker.patience import DatabaseAway, Patience, T
from worker.verdict import Asked, Cancelled, Complete, Failure, HandBack, PutDown, Verdict, judge, settle

LOOK_EVERY = 0.2

logger = logging.getLogger(__name__)


def see_through(lease: Lease, shutting_down: threading.Event) -> None:
    """Bring a run that was claimed to a verdict."""
    try:
        Supervisor(lease, shutting_down).supervise()
    except LeaseLost:
        logger.warning("Run %s is no longer ours; its engine was ended.", lease.run_id)
    except DatabaseAway:
        logger.warning("Run %s could not be handed back; the next worker takes it from here.", lease.run_id)


class Supervisor:
    """Holds one attempt. Every write is fenced by its lease, and the engine never outlives the supervision."""

    def __init__(self, lease: Lease, shutting_down: threading.Event):
        self._lease = lease
        self._shutting_down = shutting_down
        self._patience = Patience(f"Run {lease.run_id}")
        self._engine: Engine | None = None
        self._asked: Asked | None = None
        self._kill_at = float("inf")
        run = self._insist(lambda: Run.objects.get(id=lease.run_id))
        self._config = run.config
        self._settled_offset = run.settled_offset
        self._folder = Path(settings.MEDIA_ROOT) / run.folder
        self._stop_file = StopFile(self._folder)
        self._stream = EventStream(lease, self._folder, run.event_offset)

    def supervise(self) -> None:
        """Raises LeaseLost or DatabaseAway where the run could not be brought to a verdict by us."""
        with LeaseKeeper(self._lease, on_lost=self._kill) as keeper:
            verdict = self._find_verdict(keeper)
            self._insist(lambda: self._record(verdict))
        self._insist(self._stream.leave)

    def _find_verdict(self, keeper: LeaseKeeper) -> Verdict:
        try:
            return self._judge_earlier_attempts() or self._judge_engine(keeper)
        except (LeaseLost, DatabaseAway):
            raise
        except Exception as error:
            logger.exception("Run %s: the supervision failed.", self._lease.run_id)
            return Death(AttemptOutcome.FAILED, f"The worker failed: {type(error).__name__}: {error}")
        finally:
            if self._engine is not None:
                self._engine.end()

    def _judge_earlier_attempts(self) -> Verdict | None:
        """End and read what they left; a verdict where one of them had come to the run's end already.

        What was said before somebody resumed the run is no verdict on it any more.
        """
        earlier = Attempt.objects.filter(run_id=self._lease.run_id, number__lt=self._lease.attempt_number)
        self._insist(lambda: node.end_leftovers(earlier))
        # An engine on another machine, which nobody here can end, writes no more from here on.
        tenure.take_over(self._folder, self._lease.attempt_number)
        self._insist(self._stream.take_up)
        last = self._insist(earlier.last)
        if last is None:
            return None
        self._store_all(last)
        return settle(event_tail.read_last(self._folder, self._settled_offset))

    def _judge_engine(self, keeper: LeaseKeeper) -> Verdict:
        attempt = self._insist(lambda: Attempt.objects.select_related("node").get(id=self._lease.attempt_id))
        self._insist(lambda: write_config(self._folder, self._config))
        self._insist(lambda: starting_point.bring(self._lease.run_id, self._folder))
        # One that an earlier attempt did not come to heed; where it is still wanted it is laid anew.
        self._stop_file.take_away()
        self._stream.begin_attempt()
        self._engine = Engine(self._folder, Devices.of(attempt), attempt=self._lease.attempt_number)
        group = self._engine.group
        self._insist(lambda: lifecycle.record_engine(self._lease, group.pid, group.started_at))
        self._engine.go()
        self._watch(attempt, keeper)
        # Nothing of it may write any more once its stream is read to the end.
        self._engine.end()
        self._store_all(attempt)
        self._insist(lambda: self._stream.end_attempt(attempt))
        return judge(self._engine.exit_code(), self._stream.last_word, self._asked, console_tail(self._folder))

    def _watch(self, attempt: Attempt, keeper: LeaseKeeper) -> None:
        """Until the engine has ended: store its events, and pass on to it that it is to end."""
        while self._engine.exit_code() is None:
            if keeper.lost.is_set():
                raise LeaseLost(self._lease)
            asked = self._what_is_asked(keeper)
            if asked is not self._asked:
                self._pass_on(asked)
            if time.monotonic() > self._kill_at:
                self._kill()
            if not self._patience.try_once(lambda: self._stream.store_next(attempt, wait=False)):
                time.sleep(LOOK_EVERY)

    def _what_is_asked(self, keeper: LeaseKeeper) -> Asked | None:
        if keeper.cancel_requested.is_set():
            return Asked.CANCEL
        if self._shutting_down.is_set():
            return Asked.SHUTDOWN
        return Asked.STOP if keeper.stop_requested.is_set() else None

    def _pass_on(self, asked: Asked) -> None:
        """Tell the engine what is asked, which may become more urgent; it is told to end at once only once."""
        before, self._asked = self._asked, asked
        if asked is Asked.STOP:
            self._stop_file.lay()
        elif before in (None, Asked.STOP):
            self._engine.group.send(signal.SIGTERM)
            self._kill_at = time.monotonic() + settings.ENGINE_GRACE_SECONDS

    def _record(self, verdict: Verdict) -> None:
        match verdict:
            case Complete():
                lifecycle.finish(self._lease)
            case Cancelled():
                lifecycle.cancelled(self._lease)
            case PutDown():
                lifecycle.stopped(self._lease)
            case HandBack():
                lifecycle.hand_back(self._lease)
            case Failure():
                lifecycle.fail(self._lease, verdict.error, verdict.hint)
            case Death():
                lifecycle.requeue(self._lease, verdict)

    def _store_all(self, attempt: Attempt) -> None:
        while self._insist(lambda: self._stream.store_next(attempt)):
            pass

    def _insist(self, action: Callable[[], T]) -> T:
        return self._patience.insist(action, give_up=self._shutting_down)

    def _kill(self) -> None:
        if self._engine is not None:
            self._engine.group.send(signal.SIGKILL)
