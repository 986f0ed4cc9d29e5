"""The process itself: reads requests, draws one after the other, and tells what is there as it comes."""

import json
import os
import queue
import sys
import threading
import time
from typing import BinaryIO

import torch
from pydantic import ValidationError

from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.evaluation.picture_files import save_picture
from flowdppo_engine.models.registry import silence_libraries
from flowdppo_engine.playground.easel import Easel
from flowdppo_engine.playground.messages import (
    Cancel,
    Cancelled,
    Done,
    Draw,
    Picture,
    Place,
    Ready,
    Refused,
    Reply,
    Step,
    parse_request,
)
from flowdppo_engine.playground.warm import WarmModels, default_budget
from flowdppo_engine.training.joining import make_accelerator
from flowdppo_engine.training.memory_advice import ran_out_of_memory

MAX_LINE = 2**22
STEP_EVERY = 0.1
GIB = 2**30


class _Cancelled(Exception):
    """Somebody wants no more of the request at work."""


class _Ended(BaseException):
    """Nobody is there any more to draw for. Not an Exception, so that no library's `except Exception` swallows it."""


def serve(memory_gib: float | None = None) -> None:
    """Answer requests on standard input until it is closed; then the picture at work is given up.

    What libraries print goes to standard error: standard output is for replies alone.
    """
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    sys.stdout.flush()
    os.dup2(2, 1)
    silence_libraries()
    device = make_accelerator().device
    models = WarmModels(device, default_budget(device) if memory_gib is None else int(memory_gib * GIB))
    Desk(models, requests, replies).serve()


class Desk:
    """Reads in a thread of its own, so that what is cancelled is known between two steps of its drawing."""

    def __init__(self, models: WarmModels, requests: BinaryIO, replies: BinaryIO):
        self._models = models
        self._requests = requests
        self._replies = replies
        self._waiting: queue.SimpleQueue[Draw | Refused | None] = queue.SimpleQueue()
        self._known: set[str] = set()
        self._unwanted: set[str] = set()
        self._ended = threading.Event()
        self._last_step = 0.0

    def serve(self) -> None:
        self._tell(Ready())
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        try:
            while (request := self._waiting.get()) is not None:
                self._tell(request if isinstance(request, Refused) else self._answer(request))
        except (_Ended, BrokenPipeError):
            return

    def _answer(self, request: Draw) -> Reply:
        """Its last word; pictures are told as they come."""
        try:
            request.folder.mkdir(parents=True, exist_ok=True)
            for painter in request.painters if not request.places else ():
                self._models.use(painter.config.model, lambda easel: None)
            for place in request.places:
                self._draw(request, place)
            return Done(id=request.id)
        except _Cancelled:
            return Cancelled(id=request.id)
        except BrokenPipeError:
            raise
        except Exception as error:
            return Refused(id=request.id, error=f"{type(error).__name__}: {error}", hint=_hint(error))
        finally:
            self._known.discard(request.id)
            self._unwanted.discard(request.id)

    def _draw(self, request: Draw, place: Place) -> None:
        begun, painter = time.monotonic(), request.painters[place.painter]
        self._check(request)

        def on_step(step: int) -> None:
            self._check(request)
            self._tell_step(Step(id=request.id, index=place.index, step=step, num_steps=request.num_steps))

        def work(easel: Easel) -> torch.Tensor:
            settings = (request.prompt, place.seed, request.num_steps, request.guidance_scale)
            return easel.draw(painter, *settings, on_step)

        picture = self._models.use(painter.config.model, work)
        path = save_picture(picture, request.folder / f"{place.index:04d}")
        self._tell(Picture(id=request.id, index=place.index, path=path, seconds=time.monotonic() - begun))

    def _check(self, request: Draw) -> None:
        if self._ended.is_set():
            raise _Ended
        if request.id in self._unwanted:
            raise _Cancelled

    def _tell_step(self, step: Step) -> None:
        now = time.monotonic()
        if step.step and now - self._last_step >= STEP_EVERY:
            self._last_step = now
            self._tell(step)

    def _tell(self, reply: Reply) -> None:
        self._replies.write(reply.model_dump_json().encode() + b"\n")
        self._replies.flush()

    def _read(self) -> None:
        while line := self._requests.readline(MAX_LINE):
            if line.strip():
                self._take(line)
        self._ended.set()
        self._waiting.put(None)

    def _take(self, line: bytes) -> None:
        whole = line.endswith(b"\n")
        while not whole:
            rest = self._requests.readline(MAX_LINE)
            whole = not rest or rest.endswith(b"\n")
        try:
            request = parse_request(line)
        except ValidationError as error:
            return self._waiting.put(Refused(id=_id_of(line), error=_explain(error), hint="Correct the request."))
        if isinstance(request, Cancel):
            self._unwanted |= {request.id} & self._known
        else:
            self._known.add(request.id)
            self._waiting.put(request)


def _hint(error: Exception) -> str:
    if ran_out_of_memory(error):
        return "The model does not fit into the memory that is free: draw it on a larger GPU, or with offload_idle."
    match error:
        case BadConfig():
            return "The run's configuration cannot be used on this machine; correct the field that the error names."
        case ModelNotFound():
            return "Check model.source and model.revision of the run; a private model needs a login to the hub."
        case OSError() | ValueError():
            return "The checkpoint may have been removed or be damaged: choose another one."
    return ""


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def _id_of(line: bytes) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return ""
    name = found.get("id") if isinstance(found, dict) else None
    return name if isinstance(name, str) else ""
