"""A job's folder on this machine: laid out before its engine starts, and freed when the job is over."""

import shutil
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from catalog.prompt_files import lay_files_of
from flowdppo_engine.events import EVENTS_FILE, EventWriter, parse_event
from flowdppo_engine.jobs.specs import write_job
from jobs.models import Job
from jobs.services import SPECS
from worker import job_checkpoints


def lay_out(job: Job) -> Path:
    """A fresh folder for this attempt, with the job.yaml, what was given, and the events to go on from.

    Raises FilesAway, and CheckpointGone.
    """
    folder = Path(settings.MEDIA_ROOT) / job.attempt_folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for given in job.payload.get("given", ()):
        target = folder / given["file"]
        target.parent.mkdir(exist_ok=True)
        with default_storage.open_from(f"{job.folder}/{given['file']}") as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    spec = SPECS[job.kind].model_validate(job.payload)
    lay_files_of(spec.config)
    job_checkpoints.bring(job, folder)
    _take_up(job, folder)
    write_job(spec, folder)
    return folder


def num_bytes_told(folder: Path) -> int:
    """How much of the event stream was laid out: what earlier attempts have told, and is stored."""
    stream = folder / EVENTS_FILE
    return stream.stat().st_size if stream.exists() else 0


def _take_up(job: Job, folder: Path) -> None:
    lines = list(job.told.values_list("line", flat=True))
    if not lines:
        return
    writer = EventWriter(folder)
    for line in lines:
        writer.write(parse_event(line))
    writer.close()


def free(folder: Path) -> None:
    """The attempt is over: its copies of checkpoints go, and where files are kept in a bucket, all that is here."""
    job_checkpoints.free(folder)
    if not default_storage.is_folder:
        shutil.rmtree(folder, ignore_errors=True)
