"""A process of its own that sends one folder to a repository of the Hugging Face Hub.

    python -I hub_child.py <request >answer

The request is a line of JSON: `token`, `repository`, `is_private`, `folder` and `message`; the Hub is the one of
HF_ENDPOINT. Standard input then stays open for as long as whoever asked lives: at its end this process ends too, so no
upload outlives its lease.
The answer is JSON: `commit`, or `step` and what went wrong there, as `exporting.refusals` reads it.

The repository may be there already. A folder that is in it as it is makes no second commit, so asking twice is safe.
This file imports nothing of Django; the token is in its memory alone, not in its arguments or environment.
"""

import json
import os
import sys
import threading

import httpx2
import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import _http

ANSWER_WITHIN_SECONDS = 120.0
CONNECT_WITHIN_SECONDS = 15.0
LONGEST_WORDS = 500


def main() -> None:
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_who_asked, daemon=True).start()
    huggingface_hub.set_client_factory(patient_client)
    json.dump(send(request), sys.stdout)


def send(request: dict) -> dict:
    sender = Sender(request)
    try:
        return sender.send()
    except HfHubHTTPError as error:
        return sender.refused(error.response.status_code, error.server_message or "")
    except httpx2.TransportError as error:
        return sender.refused(None, str(error) or type(error).__name__)
    except Exception as error:
        return sender.refused(0, f"{type(error).__name__}: {error}")


class Sender:
    """`step` is what it was at when it failed."""

    def __init__(self, request: dict):
        self._request = request
        self._step = "create"

    def send(self) -> dict:
        repository = self._request["repository"]
        hub = huggingface_hub.HfApi(token=self._request["token"], library_name="flow-dppo")
        hub.create_repo(repository, private=self._request["is_private"], exist_ok=True)
        self._step = "look"
        if bool(hub.repo_info(repository).private) != self._request["is_private"]:
            return {"step": "visibility"}
        self._step = "upload"
        sent = hub.upload_folder(
            repo_id=repository, folder_path=self._request["folder"], commit_message=self._request["message"]
        )
        return {"commit": sent.oid}

    def refused(self, status: int | None, said: str) -> dict:
        """`status` is HTTP's; None where the Hub gave no answer, 0 where the failure was not the Hub's."""
        words = " ".join(said.replace(self._request["token"], "***").split())
        return {"step": self._step, "status": status, "said": words[:LONGEST_WORDS]}


def patient_client() -> httpx2.Client:
    """As the library makes it, but for a server that falls silent: it would be waited for without end."""
    client = _http.default_client_factory()
    client.timeout = httpx2.Timeout(ANSWER_WITHIN_SECONDS, connect=CONNECT_WITHIN_SECONDS)
    return client


def _end_with_who_asked() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
