"""What is printed is Markdown with a row for each measurement."""

from tests.benchmarks.engine import report
from tests.benchmarks.engine.comparisons import Gain
from tests.benchmarks.engine.overhead import Overhead
from tests.benchmarks.engine.passes import Counts
from tests.benchmarks.engine.real_size import RealSize

OVERHEAD = Overhead(
    "a model", 1024, 65536, {"rollout": 2.0, "decode": 0.5, "reward": 0.25, "update": 1.25}, bare=3.0,
    loop_ratio=1.083, whole_ratio=1.333, counts=Counts(10, 4, 4), batching=1.5,
)  # fmt: skip


def table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_a_row_tells_an_iterations_phases_and_ratios():
    headings, _, row = table(report.overhead_section([OVERHEAD]))
    assert dict(zip(headings, row, strict=True)) == {
        "model": "a model", "images": "1024", "latent": "65,536", "rollout": "2.00", "decode": "0.50",
        "reward": "0.25", "update": "1.25", "bare": "3.00", "loop": "1.08", "whole": "1.33",
        "batch": "1.5 (Python-bound)",
    }  # fmt: skip


def test_a_row_tells_a_gain_and_the_passes_of_both_loops():
    gain = Gain("a saving", (1.1, 1.4, 1.2), 1.997, (Counts(100, 50, 50), Counts(120, 50, 50)))
    headings, _, row = table(report.gains_table("a model", [gain]))
    assert dict(zip(headings, row, strict=True)) == {
        "a model": "a saving", "time": "1.20", "of iterations": "1.10 to 1.40",
        "activations": "2.00", "forward": "100 → 120", "forward, trained": "50 → 50", "backward": "50 → 50",
        "passes": "1.10",
    }  # fmt: skip


def test_a_row_tells_images_a_second_and_the_use_of_the_gpu():
    text = report.real_size_section([RealSize("a loop", OVERHEAD, flops=8e12, peak_gib=12.34)])
    headings, _, row = table(text)[:3]
    assert dict(zip(headings, row, strict=True)) == {
        "loop": "a loop", "images a second": "256.00", "TFLOP/s": "2", "MFU": "unknown", "peak GiB": "12.3",
    }  # fmt: skip


def test_the_heading_names_the_machine():
    text = report.heading()
    assert "cores" in text and "thread" in text and "torch 2." in text
