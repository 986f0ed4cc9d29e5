"""What a machine says of itself: its GPUs by `nvidia-smi`, its memory and processors by psutil."""

import csv
import os
import shutil
import subprocess
from dataclasses import asdict, dataclass

import psutil

FIELDS = ("index", "uuid", "name", "memory.total", "memory.used", "utilization.gpu")
TIMEOUT = 20.0
MIB = 1 << 20


@dataclass(frozen=True)
class Gpu:
    """One GPU now. `index` is the driver's, in the order of the bus; `used_percent` is None where it does not say."""

    index: int
    uuid: str
    name: str
    memory_mib: int
    memory_used_mib: int
    used_percent: int | None


@dataclass(frozen=True)
class Reading:
    gpus: list[Gpu]
    memory_mib: int
    memory_used_mib: int
    cpu_percent: int

    def columns(self) -> dict:
        """As the table of nodes keeps it."""
        return asdict(self)


def read(gpus: list[Gpu]) -> Reading:
    memory = psutil.virtual_memory()
    return Reading(gpus, memory.total // MIB, (memory.total - memory.available) // MIB, round(psutil.cpu_percent()))


def read_gpus() -> list[Gpu]:
    """The GPUs that this process may use; none where there is no driver. Raises OSError or subprocess errors where the
    driver is there and does not answer.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    program = shutil.which("nvidia-smi")
    if program is None or visible == "":
        return []
    command = [program, f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    return only_allowed(parse(answer.stdout), visible)


def parse(text: str) -> list[Gpu]:
    """The lines of `nvidia-smi --query-gpu=… --format=csv,noheader,nounits`."""
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return [
        Gpu(int(index), uuid, name, _number(total) or 0, _number(used) or 0, _number(percent))
        for index, uuid, name, total, used, percent in filter(None, rows)
    ]


def only_allowed(gpus: list[Gpu], visible: str | None) -> list[Gpu]:
    """Those that CUDA_VISIBLE_DEVICES names, by index or by the beginning of the UUID; all where it is not set."""
    if visible is None:
        return gpus
    named = [name.strip() for name in visible.split(",")]
    return [gpu for gpu in gpus if any(_is_named(gpu, name) for name in named)]


def _is_named(gpu: Gpu, name: str) -> bool:
    return bool(name) and (str(gpu.index) == name or (name.startswith("GPU-") and gpu.uuid.startswith(name)))


def _number(text: str) -> int | None:
    """`[N/A]` and `[Not Supported]` are not numbers."""
    try:
        return round(float(text))
    except ValueError:
        return None
