"""What the driver says, in its own words."""

import os
import stat
import subprocess

import pytest

from fleet import readings
from fleet.readings import Gpu, only_allowed, parse

LINES = """\
0, GPU-5f0e5c0a-1111-2222-3333-444444444444, NVIDIA H100 80GB HBM3, 81559, 40213, 97
1, GPU-6a1f6d1b-1111-2222-3333-444444444444, NVIDIA A100-SXM4-40GB, 40960, 0, [N/A]

"""


def test_lines():
    first, second = parse(LINES)
    assert first == Gpu(0, "GPU-5f0e5c0a-1111-2222-3333-444444444444", "NVIDIA H100 80GB HBM3", 81559, 40213, 97)
    assert (second.index, second.memory_used_mib, second.used_percent) == (1, 0, None)


@pytest.mark.parametrize(
    ("visible", "indices"),
    [(None, [0, 1]), ("1", [1]), ("1,0", [0, 1]), ("GPU-5f0e", [0]), ("", []), ("-1", []), ("7", [])],
)
def test_only_what_the_worker_may_use(visible, indices):
    assert [gpu.index for gpu in only_allowed(parse(LINES), visible)] == indices


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """An `nvidia-smi` that does what the test says."""

    def make(script: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    return make


def test_the_driver_is_asked_for_what_is_read(driver, monkeypatch):
    driver(f'test "$1" = "--query-gpu={",".join(readings.FIELDS)}" || exit 2\ncat <<END\n{LINES}END')
    assert [gpu.name for gpu in readings.read_gpus()] == ["NVIDIA H100 80GB HBM3", "NVIDIA A100-SXM4-40GB"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [gpu.index for gpu in readings.read_gpus()] == [1]


def test_a_driver_that_fails_is_no_machine_without_gpus(driver, monkeypatch):
    driver("echo NVIDIA-SMI has failed because it could not communicate with the driver; exit 9")
    with pytest.raises(subprocess.CalledProcessError):
        readings.read_gpus()
    # Unless the operator says that it is to be one.
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert readings.read_gpus() == []


def test_a_machine_without_a_driver(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert readings.read_gpus() == []


def test_the_machine_itself():
    reading = readings.read([])
    assert 0 < reading.memory_used_mib < reading.memory_mib
    assert 0 <= reading.cpu_percent <= 100
    assert reading.columns()["gpus"] == []
