"""Where a process that was told nothing finds the embedded servers."""

import json
from dataclasses import asdict

from stack import credentials, endpoints
from stack.credentials import Credentials
from tests.conftest import SERVERS


def test_without_a_data_folder_there_are_none(tmp_path):
    assert endpoints.read(tmp_path) is None


def test_servers_that_do_not_answer_are_none(tmp_path):
    credentials.load_or_create(tmp_path)
    assert endpoints.read(tmp_path) is None


def test_running_servers_are_found(tmp_path, servers):
    known = Credentials(SERVERS.postgres.port, SERVERS.postgres.password, SERVERS.redis.port, SERVERS.redis.password)
    (tmp_path / "stack.json").write_text(json.dumps(asdict(known)))
    assert endpoints.read(tmp_path) == SERVERS.endpoints
