"""supervisord as the platform uses it, with small programs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import supervision
from stack.errors import StackError
from stack.programs import Program
from stack.supervision import Supervision


@pytest.fixture
def supervise(tmp_path) -> Iterator[Callable[[str], Supervision]]:
    """A supervisord over one program, a shell's command, which is not started yet."""
    begun = []

    def begin(command: str) -> Supervision:
        program = Program("server", ["sh", "-c", command], Path("/"))
        begun.append(Supervision(tmp_path, [program], dict(os.environ)))
        return begun[-1]

    yield begin
    for one in begun:
        one.end()


def test_a_server_that_dies_at_once_is_tried_again(supervise, tmp_path):
    died = tmp_path / "died"
    keeper = supervise(f"test -e {died} || {{ touch {died}; exit 1; }}; exec sleep 600")
    keeper.start("server")
    (server,) = keeper.states()
    assert died.exists() and server.state == "RUNNING"
    keeper.stop("server")
    assert keeper.states()[0].state == "STOPPED"


def test_one_that_never_stays_up_is_told_of_with_its_log(supervise, tmp_path, monkeypatch):
    monkeypatch.setattr(supervision, "SETTLE_SECONDS", 1.5)
    with pytest.raises(StackError, match="server does not start .*Exited too quickly.*: read .*server.log"):
        supervise("exit 3").start("server")


def test_one_that_cannot_be_run_is_told_of_at_once(tmp_path):
    keeper = Supervision(tmp_path, [Program("server", [str(tmp_path / "missing")], Path("/"))], dict(os.environ))
    try:
        with pytest.raises(StackError, match="server does not start .*missing"):
            keeper.start("server")
    finally:
        keeper.end()
