"""How many metric points a second the API takes, over HTTP and with a token, from four reporters at a time.

The platform runs as `make run` starts it; reporters share the machine with it. A batch of 1,000 points is what
trackers are measured with; a megabyte is what `flowdppo report` sends when it has to catch up.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from flowdppo_engine import events
from flowdppo_engine.recipes import load_recipe

KEYS = [f"group/{number}" for number in range(10)]
NUM_REPORTERS, NUM_EVENTS = 4, 10_000
NUM_POINTS = NUM_REPORTERS * NUM_EVENTS * len(KEYS)
CONFIG = load_recipe("sandbox-smoke").model_dump(mode="json")
MEGABYTE = 1 << 20


def stream() -> bytes:
    """The whole events.jsonl of a run."""
    values = [{key: (number * 0.37 + place) % 1.7 for place, key in enumerate(KEYS)} for number in range(NUM_EVENTS)]
    written = (
        events.Metrics(seq=number, time=1.0, iteration=number, step=number, values=row)
        for number, row in enumerate(values, start=1)
    )
    return b"".join(event.model_dump_json().encode() + b"\n" for event in written)


def batches(content: bytes, num_lines: int | None, num_bytes: int = MEGABYTE) -> Iterator[bytes]:
    lines = content.splitlines(keepends=True)
    size = num_lines or max(1, num_bytes * len(lines) // len(content))
    for start in range(0, len(lines), size):
        yield b"".join(lines[start : start + size])


def report(api: httpx.Client, experiment: int, sent: list[bytes]) -> None:
    run = api.post(f"/experiments/{experiment}/reported-runs", json={"name": "elsewhere", "config": CONFIG}).json()
    hold = api.post(f"/runs/{run['id']}/reports", json={"host": "bench"}).json()
    offset = 0
    for batch in sent:
        answer = api.post(
            f"/runs/{run['id']}/events?offset={offset}", content=batch, headers={"Attempt-Token": hold["token"]}
        )
        answer.raise_for_status()
        offset = answer.json()["offset"]


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_points_a_second_over_http(platform):
    address = platform.wait_until_up().rstrip("/")
    headers = {"Authorization": f"Bearer {platform.make_token('write')}"}
    content = stream()
    with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=60.0) as api:
        experiment = api.get("/experiments").json()["items"][0]["id"]
        for name, num_lines in (("1,000 points", 100), ("a megabyte", None)):
            sent = list(batches(content, num_lines))
            begin = time.perf_counter()
            with ThreadPoolExecutor(NUM_REPORTERS) as reporters:
                list(reporters.map(lambda _, sent=sent: report(api, experiment, sent), range(NUM_REPORTERS)))
            seconds = time.perf_counter() - begin
            print(f"\nbatches of {name}: {NUM_POINTS / seconds:,.0f} points/s, {len(sent)} requests a reporter")
    ((count,),) = platform.query("SELECT count(*) FROM runs_metricpoint WHERE key LIKE 'group/_'")
    assert count >= 2 * NUM_POINTS
