"""What a thread is about: a run by its id, a checkpoint as `RUN@40` (`RUN@0` the base model), a picture as `s12`."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from comments.models import Comment
from pictures.models import Drawing
from pictures.policies import find_policies, parse_policy
from pictures.refs import FORM, SAMPLE, find_pictures, parse_ref, ref_of
from runs.models import Run, Sample
from runs.selectors import parse_run_id, visible_runs
from teams.models import Team, User


@dataclass(frozen=True)
class Subject:
    """`about` is its name, always written the same way."""

    about: str
    team: Team
    run: Run | None = None
    picture: Sample | Drawing | None = None

    @property
    def is_run(self) -> bool:
        return self.run is not None and self.about == str(self.run.id)

    @property
    def title(self) -> str:
        return title_of(self.about, self.run.name if self.run else "")

    @property
    def address(self) -> str:
        return address_of(self.about)


def find_subject(user: User, text: str) -> Subject | None:
    """None where there is no such thing, or the person may not see it. Raises ValueError where it names nothing."""
    if FORM.fullmatch(text):
        picture = next(iter(find_pictures(user, [parse_ref(text)]).values()), None)
        return None if picture is None else subject_of_picture(picture)
    if "@" in text:
        policy = next(iter(find_policies(user, [parse_policy(text)]).values()), None)
        if policy is None or not (policy.is_base or policy.checkpoint):
            return None
        return Subject(str(policy.ref), policy.run.experiment.team, policy.run)
    run_id = parse_run_id(text)
    if run_id is None:
        raise ValueError(f"{text!r} names nothing to comment on: give a run's id, RUN@40 or a picture as in s12.")
    run = visible_runs(user).filter(id=run_id).first()
    return None if run is None else Subject(str(run.id), run.experiment.team, run)


def subject_of_picture(picture: Sample | Drawing) -> Subject:
    team = picture.team if isinstance(picture, Drawing) else picture.run.experiment.team
    return Subject(str(ref_of(picture)), team, picture.run, picture)


def foreign_keys(subject: Subject) -> dict:
    """What a comment on it goes with."""
    is_sample = isinstance(subject.picture, Sample)
    return {
        "run": subject.run,
        "sample": subject.picture if is_sample else None,
        "drawing": None if is_sample else subject.picture,
    }


def title_of(about: str, run_name: str) -> str:
    if FORM.fullmatch(about):
        return f"picture {about} of {run_name}" if run_name else f"picture {about}"
    iteration = about.partition("@")[2]
    if not iteration:
        return run_name
    return f"{run_name} at {iteration}" if iteration != "0" else f"base model of {run_name}"


def title_of_comment(comment: Comment) -> str:
    """What it is about."""
    return title_of(comment.about, comment.run.name if comment.run else "")


def address_of(about: str) -> str:
    """Where its thread stands."""
    if FORM.fullmatch(about):
        return f"{reverse('picture', args=[about])}#comments"
    return reverse("run", args=[about]) + "#comments" if "@" not in about else thread_address(about)


def thread_address(about: str, **query) -> str:
    """The thread on a page of its own."""
    return f"{reverse('comment_thread')}?{urlencode({'about': about, **query})}"


def thumbnail_of(comment: Comment) -> str | None:
    """Of the picture that a comment is about."""
    if not FORM.fullmatch(comment.about):
        return None
    ref = parse_ref(comment.about)
    return reverse("sample_thumbnail" if ref.kind == SAMPLE else "drawing_thumbnail", args=[ref.id])
