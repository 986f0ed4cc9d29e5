"""From a sheet to what the drawing process is asked for, with the LoRAs on this machine."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from flowdppo_engine.config import RunConfig
from flowdppo_engine.playground.messages import Adapter, Draw, Painter, Place
from pictures.policies import parse_policy
from playground.models import Sheet
from runs import stored_files
from runs.models import Checkpoint, Run

WEIGHTS = "pytorch_lora_weights.safetensors"
MOST_FETCHED = 32


class CannotBeDrawn(Exception):
    """What is to draw is gone. `hint` says what to do."""

    hint = "Choose another checkpoint: a run keeps its last and its best."


def nothing_yet() -> Draw:
    """What loads the sandbox's model, before anybody has asked."""
    folder = Path(settings.DATA_DIR) / "drawing"
    painters = (Painter(config=RunConfig()),)
    return Draw(id="ready", folder=folder, prompt="-", num_steps=1, guidance_scale=1, painters=painters, places=())


def request_for(sheet: Sheet, places: Sequence[int], folder: Path, name: str) -> Draw:
    """Raises CannotBeDrawn, or FilesAway."""
    refs = [parse_policy(text) for text in sheet.policies]
    runs = Run.objects.in_bulk({ref.run_id for ref in refs})
    rows = Checkpoint.objects.select_related("attempt").in_bulk([row for row in sheet.checkpoints if row])
    painters = []
    for ref, checkpoint_id in zip(refs, sheet.checkpoints, strict=True):
        if ref.run_id not in runs or (checkpoint_id and checkpoint_id not in rows):
            raise CannotBeDrawn("A run or a checkpoint was deleted meanwhile.")
        config = RunConfig.model_validate(runs[ref.run_id].config)
        adapter = _adapter(rows[checkpoint_id]) if checkpoint_id else None
        painters.append(Painter(config=config, adapter=adapter))
    columns = len(painters)
    return Draw(
        id=name,
        folder=folder,
        prompt=sheet.prompt,
        num_steps=sheet.num_steps,
        guidance_scale=sheet.guidance_scale,
        painters=painters,
        places=[Place(index=place, painter=place % columns, seed=sheet.seeds[place // columns]) for place in places],
    )


def _adapter(checkpoint: Checkpoint) -> Adapter:
    """A later attempt may write other weights to the same folder; the row's id tells them apart."""
    try:
        folder = _in_the_folder(checkpoint) if default_storage.is_folder else _fetched(checkpoint)
    except FileNotFoundError:
        raise CannotBeDrawn(
            f"The files of the checkpoint at iteration {checkpoint.iteration} were removed by its run."
        ) from None
    return Adapter(key=f"checkpoint {checkpoint.id}", folder=folder)


def _in_the_folder(checkpoint: Checkpoint) -> Path:
    folder = Path(default_storage.path(stored_files.name_of(checkpoint)))
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    return folder


def _fetched(checkpoint: Checkpoint) -> Path:
    """Out of the bucket, the LoRA alone; the last ones stay."""
    adapters = Path(settings.MEDIA_ROOT) / "playground" / "adapters"
    target, name = adapters / str(checkpoint.id), stored_files.name_of(checkpoint)
    if not target.is_dir():
        staged = target.with_suffix(".new")
        shutil.rmtree(staged, ignore_errors=True)
        for file in default_storage.walk(name):
            if file.name.endswith(f"/{WEIGHTS}"):
                path = staged / file.name.removeprefix(f"{name}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                default_storage.fetch(file.name, path)
        staged.rename(target)
        older = sorted(adapters.iterdir(), key=lambda path: path.stat().st_mtime)[:-MOST_FETCHED]
        for path in older:
            shutil.rmtree(path, ignore_errors=True)
    return target
