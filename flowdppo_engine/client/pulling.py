"""What a run has made, taken home. What is there already is not fetched again."""

import json
import shutil
import zipfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.refusals import Gone

Tell = Callable[[str], None]

# Of a picture: what means something on the platform alone.
NOT_KEPT = ("id", "picture", "thumbnail")


class Part(StrEnum):
    CHECKPOINTS = "checkpoints"
    SAMPLES = "samples"
    METRICS = "metrics"
    TEXTS = "texts"


class Format(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"


def pull_checkpoints(connection: Connection, run: dict, folder: Path, tell: Tell) -> None:
    """Each checkpoint that is still there, as the folder that the engine resumes from."""
    for checkpoint in connection.get(f"/runs/{run['id']}/checkpoints"):
        target = folder / "checkpoints" / checkpoint["name"]
        if checkpoint["removed"] or target.exists():
            continue
        try:
            archive = connection.download(checkpoint["folder"], target.with_name(f"{target.name}.zip"))
        except Gone as gone:
            tell(f"{checkpoint['name']}: {gone}")
            continue
        unpack(archive, target)
        tell(str(target))


def pull_samples(connection: Connection, run: dict, folder: Path, tell: Tell) -> None:
    """Every picture, and samples.jsonl with what is known of it; groups of training in folders of their own."""
    lines = []
    for sample in connection.pages(f"/runs/{run['id']}/samples"):
        place = folder / "samples" / f"step-{sample['step']:06d}"
        if sample["kind"] == "rollout":
            place /= f"group-{sample['group']:03d}"
        place /= f"{sample['index']:03d}"
        found = sorted(place.parent.glob(f"{place.name}.*"))
        file = found[0] if found else connection.download(sample["picture"], place)
        kept = {name: value for name, value in sample.items() if name not in NOT_KEPT}
        lines.append(json.dumps({"file": str(file.relative_to(folder)), **kept}, ensure_ascii=False))
    if lines:
        _write(folder / "samples.jsonl", "\n".join(lines) + "\n")
        tell(f"{folder / 'samples'}: {len(lines)}")


def pull_metrics(connection: Connection, run: dict, folder: Path, kind: Format, tell: Tell) -> None:
    """Every point that counts: key, iteration, step, time, value."""
    tell(str(connection.download(f"/runs/{run['id']}/metrics.{kind}", folder / f"metrics.{kind}")))


def pull_texts(connection: Connection, run: dict, folder: Path, tell: Tell) -> None:
    """The configuration, the log and the evaluations."""
    for name in ("config.yaml", "log.txt"):
        tell(str(connection.download(f"/runs/{run['id']}/{name}", folder / name)))
    evaluations = connection.get(f"/runs/{run['id']}/evaluations")
    tell(str(_write(folder / "evaluations.json", json.dumps(evaluations, indent=2, ensure_ascii=False) + "\n")))


def unpack(archive: Path, target: Path) -> None:
    """The one folder in the archive, at `target` as a whole or not at all."""
    staging = target.with_name(f".{target.name}.part")
    shutil.rmtree(staging, ignore_errors=True)
    with zipfile.ZipFile(archive) as content:
        content.extractall(staging)
    (folder,) = staging.iterdir()
    folder.rename(target)
    shutil.rmtree(staging)
    archive.unlink()


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
