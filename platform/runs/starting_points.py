"""The files of the checkpoint that a run starts from, kept with that run: the first run's engine may delete its own
whenever it likes, and a queued run still finds what it needs.
"""

from django.core.files.storage import default_storage

from core.storage import FilesAway
from flowdppo_engine.training.checkpoints import START_FOLDER
from runs import stored_files
from runs.continuing import NotPossible
from runs.models import Checkpoint, Run


def name_of(run: Run) -> str:
    """The folder in the storage."""
    return f"{run.folder}/{START_FOLDER}"


def keep(checkpoint: Checkpoint, run: Run) -> None:
    """Keep the checkpoint's files for `run`. Raises NotPossible where they are gone or cannot be reached."""
    try:
        default_storage.copy_folder(stored_files.name_of(checkpoint), name_of(run))
    except FileNotFoundError:
        raise NotPossible(
            "The files of this checkpoint were removed: choose a newer one, or one of the best."
        ) from None
    except FilesAway as away:
        raise NotPossible(f"The files cannot be reached now ({away}): try again in a while.") from away
