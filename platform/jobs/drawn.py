"""The pictures that an evaluation has told of, as rows that every page of pictures can find."""

from collections.abc import Sequence

from flowdppo_engine import events
from jobs.models import Job
from pictures.models import Drawing
from runs.stored_files import inside


def hang(job: Job, drawn: Sequence[events.Drawn]) -> None:
    """In the transaction that stores the events. Raises OutsideRunFolder for a picture outside the job's folder.

    An engine that says a thing twice must not stop the stream.
    """
    if not drawn:
        return
    checkpoints = dict(job.checkpoints.values_list("iteration", "id"))
    evaluation = job.payload["config"]["evaluation"]
    Drawing.objects.bulk_create(
        (
            Drawing(
                team_id=job.team_id,
                run_id=job.run_id,
                checkpoint_id=checkpoints.get(event.iteration),
                iteration=event.iteration,
                job=job,
                index=one.index,
                prompt_set=event.prompt_set,
                prompt=one.prompt,
                seed=one.seed,
                num_steps=evaluation["num_denoising_steps"],
                guidance_scale=evaluation["guidance_scale"],
                path=inside(job.attempt_folder, one.path),
                rewards=one.rewards,
                kl=one.kl,
                created_by_id=job.created_by_id,
            )
            for event in drawn
            for one in event.drawings
        ),
        ignore_conflicts=True,
    )
