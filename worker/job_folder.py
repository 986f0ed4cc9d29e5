"""A job's folder on this machine: laid out before its engine starts, and freed when the job is over."""

import shutil
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage

from catalog.prompt_files import lay_files_of
from flowdppo_engine.jobs.specs import PreflightJob, ScoreJob, write_job
from jobs.models import Job, Kind

SPECS = {Kind.SCORE: ScoreJob, Kind.PREFLIGHT: PreflightJob}


def lay_out(job: Job) -> Path:
    """A fresh folder for this attempt, with the job.yaml and what was given. Raises FilesAway."""
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
    write_job(spec, folder)
    return folder


def free(folder: Path) -> None:
    """Where files are kept in a bucket, none of them is needed here any more."""
    if not default_storage.is_folder:
        shutil.rmtree(folder, ignore_errors=True)
