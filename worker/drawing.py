"""Draws what people ask for in the playground, beside the node's runs and jobs, and never in their way.

It looks as PostgreSQL tells of a new sheet (NOTIFY, which reaches every node at once), and every few seconds anyway.
The drawing process begins with the first sheet and ends when nobody has wanted one for minutes. One with a GPU gives
it up as soon as a run or a job would take it; on processors it shares them, as jobs do, and a new one stands by there:
it has imported the libraries, which takes seconds, and holds no model.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator

from django.conf import settings
from django.core.cache import cache
from django.db import connection

from core import logs
from fleet import scheduling, slots
from fleet.models import Hold, Node
from fleet.states import NodeState
from jobs import lifecycle as job_lifecycle
from playground import lifecycle
from playground.models import Sheet
from runs.lifecycle import LeaseLost
from worker import node
from worker.devices import Devices
from worker.drawing_process import DrawingProcess, ProcessEnded
from worker.drawing_request import nothing_yet
from worker.drawing_turn import Turn
from worker.patience import DatabaseAway, Patience

LOOK_EVERY = 2.0
LOOK_AGAIN = lifecycle.HEAD_START.total_seconds() + 0.05
LISTEN_FOR = 0.25
IDLE_SECONDS = 300.0
READY_FOR = 30
STAND_BY_AFTER = 10.0
"""Seconds that a node which comes up leaves to whatever comes up beside it."""
STAND_BY_EVERY = 300.0
"""Seconds at least between two processes that stand by: one may die as it starts, again and again."""
LABEL = "playground"

logger = logging.getLogger(__name__)


class Drawing:
    """Within a `with` block; at its end the sheet at work is handed back. `busy`: slots in use whatever tables say."""

    def __init__(
        self, find_node: Callable[[], Node], busy: Callable[[], Collection[int]], shutting_down: threading.Event
    ):
        self._find_node = find_node
        self._busy = busy
        self._shutting_down = shutting_down
        self._patience = Patience("Playground")
        self._process: DrawingProcess | None = None
        self._hold: Hold | None = None
        self._stand_by_at = time.monotonic() + STAND_BY_AFTER
        # Whoever has it decides over process and GPU.
        self._gate = threading.Lock()
        self._listening: object = None
        self._thread = threading.Thread(target=self._keep_drawing, name="playground")

    def __enter__(self) -> "Drawing":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._shutting_down.set()
        with self.aside():
            pass
        self._thread.join()

    def is_in_the_way(self, here: Node) -> bool:
        """Whether its GPU is what a run or a job of this node waits for."""
        hold = self._hold
        if hold is None:
            return False
        if scheduling.would_take(here, hold.gpus, self._busy()):
            return True
        needy = any(job.needs_gpu for job in job_lifecycle.waiting_for(here))
        return needy and slots.has_job_slot(here) and not slots.free_slots(here, self._busy())

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Inside there is no drawing process, and its GPU is free."""
        with self._gate:
            self._end_process()
            yield

    def _keep_drawing(self) -> None:
        was_told = False
        while not self._shutting_down.is_set():
            drew = False
            try:
                drew = self._patience.try_once(self._draw_next)
            except Exception:
                logger.exception("The playground could not be looked at.")
            if not drew:
                # What was left to faster nodes is looked at once more.
                was_told = self._wait(LOOK_AGAIN if was_told else LOOK_EVERY)
        connection.close()

    def _draw_next(self) -> bool:
        """One turn; returns whether there was one."""
        here = self._find_here()
        if here is None:
            self._end_if(True)
            return False
        for sheet in lifecycle.waiting_for(here, is_warm=self._is_warm):
            if (turn := self._begin(here, sheet)) is not None:
                self._see_through(turn, sheet)
                return True
        self._end_if(self._is_idle)
        self._stand_by(here)
        return False

    def _stand_by(self, here: Node) -> None:
        if here.has_gpus or self._is_alive or not settings.PLAYGROUND_STANDS_BY:
            return
        if time.monotonic() < self._stand_by_at:
            return
        self._stand_by_at = time.monotonic() + STAND_BY_EVERY
        with self._gate:
            if not self._shutting_down.is_set():
                self._end_process()
                self._process = DrawingProcess(Devices((), here.has_gpus))

    def _find_here(self) -> Node | None:
        """This node as it is now; None where it takes nothing."""
        here = Node.objects.filter(id=self._find_node().id).first()
        return here if here is not None and here.state == NodeState.OPEN else None

    @property
    def _is_alive(self) -> bool:
        return self._process is not None and self._process.is_alive

    @property
    def _is_warm(self) -> bool:
        """Whether it has a process that holds models."""
        return self._is_alive and self._process.used_at is not None

    @property
    def _is_idle(self) -> bool:
        if self._process is None:
            return True
        used_at = self._process.used_at
        return used_at is not None and time.monotonic() - used_at > IDLE_SECONDS

    def _begin(self, here: Node, sheet: Sheet) -> Turn | None:
        """None where the node has no GPU to lend now, or another node was faster."""
        with self._gate:
            if self._shutting_down.is_set() or not self._has_what_it_takes(here, sheet):
                return None
            lease = lifecycle.claim(sheet.id, node.name())
            if lease is None:
                return None
            try:
                if not self._is_alive:
                    self._process = DrawingProcess(
                        Devices(tuple(self._hold.gpus if self._hold else ()), here.has_gpus)
                    )
            except OSError as error:
                lifecycle.lose(lease, f"The drawing process could not be started: {error}")
                return None
            return Turn(lease, self._process, self._shutting_down)

    def _has_what_it_takes(self, here: Node, sheet: Sheet) -> bool:
        if not sheet.needs_gpu or not here.has_gpus or self._hold is not None:
            return True
        hold = slots.take_while_free(here, LABEL, self._busy())
        if hold is None:
            return False
        # One that was started without a GPU sees none.
        self._end_process()
        self._hold = hold
        return True

    def _see_through(self, turn: Turn, sheet: Sheet) -> None:
        try:
            with logs.about(sheet=sheet.id):
                turn.see_through()
        except LeaseLost:
            logger.warning("Sheet %s is no longer ours.", sheet.id)
            self._end_if(True)
        except DatabaseAway:
            logger.warning("Sheet %s could not be handed back; its lease runs out.", sheet.id)
            self._end_if(True)
        except Exception:
            # What it still draws must not be taken for the next turn's.
            self._end_if(True)
            raise

    def _end_if(self, unwanted: bool) -> None:
        if unwanted and (self._process is not None or self._hold is not None):
            with self._gate:
                self._end_process()

    def _end_process(self) -> None:
        if self._process is not None:
            self._process.give_up()
            self._process = None
        if self._hold is not None:
            hold, self._hold = self._hold, None
            slots.give_back(hold)

    def _wait(self, seconds: float) -> bool:
        """Until PostgreSQL tells of a sheet, or so long; returns whether it did."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._shutting_down.is_set():
            told = self._patience.try_once(self._hear)
            if told is None:
                self._shutting_down.wait(LISTEN_FOR)
            elif set(told) == {lifecycle.BE_READY}:
                self._patience.try_once(self._be_ready)
            elif told:
                return True
        return False

    def _hear(self) -> list[str]:
        connection.ensure_connection()
        session = connection.connection
        with connection.wrap_database_errors:
            if self._listening is not session:
                session.execute(f"LISTEN {lifecycle.CHANNEL}")
                self._listening = session
                # What was told before, nobody has heard.
                return [""]
            return [told.payload for told in session.notifies(timeout=LISTEN_FOR, stop_after=1)]

    def _be_ready(self) -> None:
        """Of the nodes that could draw on their processors one loads the model; first of all one that has some."""
        here = self._find_here()
        if here is None or here.has_gpus:
            return
        if not self._is_warm and Node.objects.filter(left_at=None).exclude(id=here.id).exists():
            self._shutting_down.wait(lifecycle.HEAD_START.total_seconds())
        if not cache.add("playground:ready", node.name(), READY_FOR):
            return
        with self._gate:
            if self._is_warm or self._shutting_down.is_set():
                return
            if not self._is_alive:
                self._process = DrawingProcess(Devices((), here.has_gpus))
            with contextlib.suppress(ProcessEnded):
                self._process.ask(nothing_yet())
