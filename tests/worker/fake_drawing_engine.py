"""A stand-in for the drawing process: the same words, and pictures of one colour, at the pace a test sets.

`python -m tests.worker.fake_drawing_engine draw`; any other verb is the fake engine's. FAKE_ENGINE holds options:

    hold_drawing  wait before the second picture until the file `go` is beside the sheet's folder
    die_drawing   end without a word before the second picture, each time
    refuse        refuse what is asked
"""

import json
import os
import queue
import sys
import threading
import time
from pathlib import Path

from PIL import Image

from flowdppo_engine.playground.messages import (
    Cancel,
    Cancelled,
    Done,
    Draw,
    Picture,
    Ready,
    Refused,
    Reply,
    Step,
    parse_request,
)
from tests.worker import fake_engine

OPTIONS = json.loads(os.environ.get("FAKE_ENGINE", "{}"))


class Enough(Exception):
    pass


def main() -> int:
    asked: queue.SimpleQueue[Draw | None] = queue.SimpleQueue()
    unwanted: set[str] = set()
    threading.Thread(target=read, args=[asked, unwanted], daemon=True).start()
    tell(Ready())
    while (request := asked.get()) is not None:
        try:
            tell(answer(request, unwanted))
        except Enough:
            tell(Cancelled(id=request.id))
    return 0


def read(asked: queue.SimpleQueue, unwanted: set[str]) -> None:
    for line in sys.stdin.buffer:
        request = parse_request(line)
        if isinstance(request, Cancel):
            unwanted.add(request.id)
        else:
            asked.put(request)
    os._exit(0)


def answer(request: Draw, unwanted: set[str]) -> Reply:
    if not request.places:
        return Done(id=request.id)
    note(request)
    if OPTIONS.get("refuse"):
        return Refused(id=request.id, error="It broke.", hint="Mend it.")
    request.folder.mkdir(parents=True)
    for place in request.places:
        if place.index == 1 and OPTIONS.get("die_drawing"):
            print("it died here", file=sys.stderr, flush=True)
            os._exit(7)
        if place.index == 1 and OPTIONS.get("hold_drawing"):
            tell(Step(id=request.id, index=1, step=3, num_steps=request.num_steps))
            hold(request, unwanted)
        path = request.folder / f"{place.index:04d}.png"
        Image.new("RGB", (8, 8), (place.seed, place.painter, 0)).save(path)
        tell(Picture(id=request.id, index=place.index, path=path, seconds=0.1))
    return Done(id=request.id)


def note(request: Draw) -> None:
    """For tests: who drew what, with which GPU."""
    beside = request.folder.parent.parent
    beside.mkdir(parents=True, exist_ok=True)
    told = {"pid": os.getpid(), "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"), "id": request.id}
    told["places"] = [place.index for place in request.places]
    with (beside / "asked.jsonl").open("a") as file:
        file.write(json.dumps(told) + "\n")


def hold(request: Draw, unwanted: set[str]) -> None:
    beside: Path = request.folder.parent.parent
    (beside / "held").write_text(str(os.getpid()))
    while not (beside / "go").exists():
        if request.id in unwanted:
            raise Enough
        time.sleep(0.02)


def tell(reply: Reply) -> None:
    sys.stdout.write(reply.model_dump_json() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main() if sys.argv[1] == "draw" else fake_engine.main(Path(sys.argv[2])))
