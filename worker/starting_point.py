"""The checkpoint that a run starts from, brought to the machine that trains it."""

import shutil
from pathlib import Path
from uuid import UUID

from django.core.files.storage import default_storage

from flowdppo_engine.training.checkpoints import START_FOLDER
from runs import starting_points
from runs.models import Run


def bring(run_id: UUID, folder: Path) -> None:
    """Have it in the run folder, where the run starts from one. Raises FileNotFoundError where it is gone: without it
    the run would begin at the base model. Raises FilesAway.
    """
    run, target = Run.objects.get(id=run_id), folder / START_FOLDER
    if run.continued_from_id is None or target.exists():
        return
    name = starting_points.name_of(run)
    staged = folder / f".{START_FOLDER}"
    shutil.rmtree(staged, ignore_errors=True)
    for file in default_storage.walk(name):
        path = staged / file.name.removeprefix(f"{name}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        default_storage.fetch(file.name, path)
    staged.rename(target)
