"""What is refused before anything starts, and in which words."""

import os
import shutil
import socket
from collections import namedtuple

import pytest

from stack import credentials, preflight
from stack.errors import StackError
from stack.postgres_server import PostgresServer
from stack.preflight import choose_port, prepare_data_folder


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_was_asked_for_and_is_taken_is_refused(taken_port):
    with pytest.raises(StackError, match=f"PORT = {taken_port} is taken"):
        choose_port("127.0.0.1", str(taken_port))


@pytest.mark.parametrize("wanted", ["0", "web", "65536", "-1"])
def test_what_is_no_port_is_refused(wanted):
    with pytest.raises(StackError, match="is no port"):
        choose_port("127.0.0.1", wanted)


def test_without_a_wish_the_next_free_port_is_taken(taken_port, monkeypatch):
    monkeypatch.setattr(preflight, "DEFAULT_PORT", taken_port)
    assert taken_port < choose_port("127.0.0.1", None) < taken_port + preflight.NUM_PORTS_TRIED


def test_a_data_folder_is_made_and_marked_once(tmp_path):
    prepare_data_folder(tmp_path / "data")
    prepare_data_folder(tmp_path / "data")
    assert (tmp_path / "data" / "VERSION").read_text() == "1\n"


def test_a_data_folder_of_another_release_is_refused(tmp_path):
    (tmp_path / "VERSION").write_text("7\n")
    with pytest.raises(StackError, match="version 7, this one is 1.*FLOWDPPO_DATA"):
        prepare_data_folder(tmp_path)


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="FLOWDPPO_DATA"):
        prepare_data_folder(tmp_path / "file" / "data")


def test_a_full_disk_is_refused(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**10, 9 * 10**9, 5 * 10**8))
    with pytest.raises(StackError, match="Only 500 MB are free"):
        prepare_data_folder(tmp_path)


def test_a_cluster_of_another_postgres_is_refused(tmp_path):
    (tmp_path / "PG_VERSION").write_text("16\n")
    with pytest.raises(StackError, match="made by PostgreSQL 16.*runs 18"):
        PostgresServer(tmp_path, 5432, "password").prepare()


def test_ports_and_passwords_are_remembered_for_their_owner_alone(tmp_path):
    first = credentials.load_or_create(tmp_path)
    assert credentials.load_or_create(tmp_path) == first
    assert os.stat(tmp_path / "stack.json").st_mode & 0o777 == 0o600
    assert first.postgres_password != first.redis_password


def test_a_remembered_port_that_is_taken_is_chosen_anew(tmp_path):
    first = credentials.load_or_create(tmp_path)
    with socket.create_server(("127.0.0.1", first.redis_port)):
        second = credentials.load_or_create(tmp_path)
    assert second.redis_port != first.redis_port
    assert (second.postgres_port, second.redis_password) == (first.postgres_port, first.redis_password)
