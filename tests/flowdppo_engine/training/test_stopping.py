import os
import signal

import pytest

from flowdppo_engine.training.stopping import StopFile, Stopped, StopRequest


@pytest.fixture
def stop():
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    request = StopRequest()
    request.install()
    yield request
    for signum, handler in before.items():
        signal.signal(signum, handler)


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_is_remembered_until_checked(stop):
    stop.check()
    terminate()
    assert stop.is_set
    with pytest.raises(Stopped):
        stop.check()


def test_a_signal_interrupts_where_it_may(stop):
    stop.interrupts = True
    with pytest.raises(Stopped):
        terminate()
    terminate()


def test_a_shield_puts_the_interruption_off(stop):
    stop.interrupts, reached = True, False
    with pytest.raises(Stopped), stop.shielded():
        terminate()
        reached = True
    assert reached


def test_no_library_can_swallow_it():
    assert not issubclass(Stopped, Exception)


def test_a_stop_file_is_laid_and_taken_away_as_often_as_one_likes(tmp_path):
    file = StopFile(tmp_path)
    assert not file.is_there
    for act, is_there in ((file.lay, True), (file.lay, True), (file.take_away, False), (file.take_away, False)):
        act()
        assert file.is_there is is_there
    assert list(tmp_path.iterdir()) == []
