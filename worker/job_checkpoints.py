"""The checkpoints that a job evaluates, in its attempt's folder."""

import shutil
from pathlib import Path

from django.core.files.storage import default_storage

from jobs import kept_checkpoints
from jobs.models import Job
from runs.models import Checkpoint
from worker.file_fetching import fetch_folder

FOLDER = "checkpoints"


class CheckpointGone(Exception):
    """The files of a checkpoint were deleted before the job came to them."""

    hint = "A run keeps its last checkpoints and its best: evaluate those that its page offers."


def bring(job: Job, folder: Path) -> None:
    """Have the files of each checkpoint that is not evaluated yet. Raises CheckpointGone, or FilesAway."""
    places = {one["iteration"]: one["folder"] for one in job.payload.get("checkpoints", ())}
    for checkpoint in job.checkpoints.select_related("attempt"):
        if _is_evaluated(job, checkpoint):
            continue
        place = places[checkpoint.iteration]
        try:
            kept = kept_checkpoints.keep(job, checkpoint)
            if default_storage.is_folder:
                default_storage.copy_folder(kept, f"{job.attempt_folder}/{place}")
            else:
                fetch_folder(kept, folder / place)
        except FileNotFoundError:
            raise CheckpointGone(
                f"The files of the checkpoint at iteration {checkpoint.iteration} were removed by its run."
            ) from None


def free(folder: Path) -> None:
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _is_evaluated(job: Job, checkpoint: Checkpoint) -> bool:
    told = [one for one in job.result.get("evaluation", ()) if one["iteration"] == checkpoint.iteration]
    return len(told) == len(job.payload["config"]["evaluation"]["prompt_sets"])
