import base64
import io
import logging
import re
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from flowdppo_engine.config import HttpRewardConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.rewards.base import RewardError
from flowdppo_engine.rewards.remote.http_reward import HttpReward
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training.stopping import Stopped
from tests.flowdppo_engine.rewards.remote.reward_server import Answer, as_json

DOCUMENT = Path(__file__).parents[4] / "docs" / "reward-server.md"
KEY = "sk-very-secret-0123456789"
IMAGES = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
PROMPTS = [Prompt(f"prompt {i}", (Question("Is it?", "Yes"),), ("object",)) for i in range(5)]


def make(server, **options) -> HttpReward:
    options = {"url": server.url, "backoff_seconds": 0.001, "attempts": 3, "timeout_seconds": 20} | options
    return HttpReward(HttpRewardConfig(**options))


def decode(file: str) -> torch.Tensor:
    return torch.from_numpy(np.array(Image.open(io.BytesIO(base64.b64decode(file))))).movedim(-1, -3) / 255


def by_number(request, index):
    """Each image's score is the number in its prompt."""
    return as_json({"scores": [float(prompt.split()[1]) for prompt in request.body["prompts"]]})


def fails(reward: HttpReward, images=IMAGES, prompts=PROMPTS) -> RewardError:
    with pytest.raises(RewardError) as caught:
        reward.measure(images, prompts)
    return caught.value


def test_images_prompts_and_questions_arrive_in_batches_and_scores_come_back_in_order(serve):
    server = serve(by_number)
    measured = make(server, batch_size=2).measure(IMAGES, PROMPTS)
    assert measured.reward.tolist() == [0, 1, 2, 3, 4] and list(measured.scores) == ["http"]
    bodies = sorted((request.body for request in server.requests), key=lambda body: body["prompts"])
    assert [body["prompts"] for body in bodies] == [["prompt 0", "prompt 1"], ["prompt 2", "prompt 3"], ["prompt 4"]]
    sent = torch.stack([decode(file) for body in bodies for file in body["images"]])
    assert torch.equal((sent * 255).round(), (IMAGES * 255).round())
    assert bodies[2]["metadata"] == [{"questions": [{"text": "Is it?", "answer": "Yes"}], "skills": ["object"]}]


def test_whole_videos_are_sent_frame_by_frame(serve):
    server = serve(by_number)
    videos = IMAGES[:4].unflatten(0, (2, 2))
    reward = make(server, whole_videos=True)
    assert reward.takes_videos
    assert reward.measure(videos, PROMPTS[:2]).reward.tolist() == [0, 1]
    (request,) = server.requests
    sent = torch.stack([torch.stack([decode(file) for file in video]) for video in request.body["videos"]])
    assert torch.equal((sent * 255).round(), (videos * 255).round()) and "images" not in request.body


def test_of_several_scores_the_named_one_is_the_reward_and_all_are_logged(serve):
    server = serve(lambda request, index: as_json({"scores": {"total": [1, 2, 3, 4, 5], "realism": [0.5] * 5}}))
    measured = make(server, label="mine", score="total").measure(IMAGES, PROMPTS)
    assert measured.reward.tolist() == [1, 2, 3, 4, 5]
    assert {name: values.tolist() for name, values in measured.scores.items()} == {
        "mine": [1, 2, 3, 4, 5],
        "mine_realism": [0.5] * 5,
    }
    assert "it has realism, total, but no score 'reward'" in str(fails(make(server)))


def test_a_server_that_recovers_is_asked_again(serve):
    def answer(request, index):
        return [Answer(b"busy", 503), Answer(b"slow down", 429), by_number(request, index)][index]

    server = serve(answer)
    assert make(server).measure(IMAGES, PROMPTS).reward.tolist() == [0, 1, 2, 3, 4]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Answer(b"out of  memory\n", 500), "status 500: out of memory"),
        (Answer(b"<html>"), "the answer is no JSON"),
        (as_json([1.0] * 5), "it has no `scores`"),
        (as_json({"scores": {}}), "it has no `scores`"),
        (as_json({"scores": [1.0] * 4}), "scores has 4 numbers for 5 images"),
        (as_json({"scores": {"reward": [1.0] * 5, "other": [1.0]}}), "other has 1 numbers for 5 images"),
        (as_json({"scores": [1.0, 2.0, float("nan"), 3.0, 4.0]}), "scores has nan for image 2"),
        (as_json({"scores": [1.0, 2.0, 3.0, 4.0, float("inf")]}), "scores has inf for image 4"),
        (as_json({"scores": [1.0, None, 3.0, 4.0, 5.0]}), "scores has None for image 1"),
        (as_json({"scores": [1.0, True, 3.0, 4.0, 5.0]}), "scores has True for image 1"),
        (as_json({"scores": {"a b": [1.0] * 5}}), "'a b' is no name of a score"),
    ],
)
def test_an_answer_of_no_use_fails_the_reward_after_all_attempts(serve, answer, cause):
    server = serve(lambda request, index: answer)
    error = fails(make(server, label="judge", url=f"{server.url}/score?token=abc"))
    assert str(error).startswith(f"reward judge: POST {server.url}/score failed after 3 attempts: ")
    assert cause in str(error) and "token" not in str(error) and error.is_transient
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_request_that_is_wrong_is_not_sent_again(serve, status):
    server = serve(lambda request, index: Answer(b"no such model", status))
    error = fails(make(server))
    assert f"failed after 1 attempt: status {status}: no such model" in str(error) and not error.is_transient
    assert len(server.requests) == 1


def test_a_redirection_to_another_host_is_not_followed(serve):
    other = serve(by_number)
    server = serve(lambda request, index: Answer(b"", 307, {"Location": other.url}))
    assert "status 307: a redirection, which is not followed" in str(fails(make(server)))
    assert other.requests == []


def test_a_server_that_hangs_is_cut_off_by_the_timeout(serve):
    never = threading.Event()
    server = serve(lambda request, index: as_json({}, after=never))
    try:
        error = fails(make(server, timeout_seconds=0.05, attempts=2))
    finally:
        never.set()
    assert str(error).endswith("failed after 2 attempts: no answer within 0.05 s.")


def test_a_server_that_drips_is_cut_off_as_well(monkeypatch):
    """Each read of it is quick, so that only a limit on the whole request ends it."""
    monkeypatch.setenv("FLOWDPPO_REWARD_HOSTS", "127.0.0.1:*")
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip():
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not done.wait(0.005):
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        reward = HttpReward(HttpRewardConfig(url=url, timeout_seconds=0.1, attempts=1))
        error = fails(reward)
        done.set()
    assert "no answer within 0.1 s" in str(error)


def test_nobody_there_is_told(monkeypatch):
    monkeypatch.setenv("FLOWDPPO_REWARD_HOSTS", "127.0.0.1:*")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        error = fails(HttpReward(HttpRewardConfig(url=url, attempts=2, backoff_seconds=0.001)))
    assert f"POST {url}/ failed after 2 attempts: ConnectError" in str(error)


def test_the_first_failure_ends_the_other_requests(serve):
    never = threading.Event()

    def answer(request, index):
        return Answer(b"", 400) if request.body["prompts"] == ["prompt 3"] else as_json({}, after=never)

    server = serve(answer)
    try:
        error = fails(make(server, batch_size=1, parallel_requests=5, timeout_seconds=60))
    finally:
        never.set()
    assert "status 400" in str(error)


def test_the_key_goes_to_the_server_and_nowhere_else(serve, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("JUDGE_API_KEY", KEY)
    server = serve(lambda request, index: Answer(f"not {request.headers['Authorization']}".encode(), 403))
    reward = make(server, api_key_env="JUDGE_API_KEY")
    error = fails(reward)
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    told = "".join(traceback.format_exception(error)) + caplog.text + repr(vars(reward)) + repr(vars(reward._client))
    assert str(error).endswith("status 403: not Bearer ***.")
    assert KEY not in told and "very-secret" not in told


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_told(serve, monkeypatch, key):
    monkeypatch.setenv("JUDGE_API_KEY", key)
    with pytest.raises(BadConfig, match="api_key_env = JUDGE_API_KEY: that variable .* set it there") as caught:
        make(serve(by_number), api_key_env="JUDGE_API_KEY")
    assert not key or key not in str(caught.value)


def test_no_server_is_asked_without_a_list_of_hosts(monkeypatch):
    monkeypatch.delenv("FLOWDPPO_REWARD_HOSTS", raising=False)
    config = HttpRewardConfig(url="http://127.0.0.1:8000/score", label="mine")
    message = "rewards.mine.url = http://127.0.0.1:8000/score: FLOWDPPO_REWARD_HOSTS on the training machine does not"
    with pytest.raises(BadConfig, match=re.escape(message)):
        HttpReward(config)


def test_a_stop_request_does_not_wait_for_a_server_that_hangs(serve):
    never, asked = threading.Event(), threading.Event()

    def answer(request, index):
        asked.set()
        return as_json({}, after=never) if index == 0 else by_number(request, index)

    def check():
        if asked.is_set():
            raise Stopped

    suite = RewardSuite({make(serve(answer), timeout_seconds=3600): 1.0}, ["http"])
    try:
        pending = suite.submit(IMAGES, PROMPTS)
        with pytest.raises(Stopped):
            suite.collect(pending, check)
        # The thread is free again while the server still hangs.
        assert suite.measure(IMAGES, PROMPTS).rewards["http"].tolist() == [0, 1, 2, 3, 4]
        assert not never.is_set()
    finally:
        never.set()


def test_the_server_of_the_document_scores_brightness(monkeypatch, tmp_path):
    monkeypatch.setenv("FLOWDPPO_REWARD_HOSTS", "127.0.0.1:*")
    code = next(block for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.S) if "serve" in block)
    (tmp_path / "server.py").write_text(code)
    command = [sys.executable, str(tmp_path / "server.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            url = f"http://127.0.0.1:{process.stdout.readline().strip()}/"
            grey = torch.tensor([0.0, 0.2, 1.0]).reshape(3, 1, 1, 1).expand(3, 3, 8, 8)
            measured = HttpReward(HttpRewardConfig(url=url, batch_size=2)).measure(grey, PROMPTS[:3])
        finally:
            process.terminate()
    assert measured.reward.tolist() == pytest.approx([0.0, 0.2, 1.0], abs=1e-6)
