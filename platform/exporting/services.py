"""What people do: have a checkpoint sent to the Hub. It is sent by housekeeping, after the request has ended."""

from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from core import encryption
from exporting import lifecycle
from exporting.licences import Licence
from exporting.models import LIVE, Push
from runs.continuing import NotPossible
from runs.models import Checkpoint
from runs.services import require_writer
from teams import audit
from teams.models import User

TOKEN = "Hub token"
MOST_LIVE = 20


@dataclass(frozen=True)
class Wish:
    """`repository` and `token` as `hub_names` read them."""

    repository: str
    is_private: bool
    licence: Licence
    token: str = field(repr=False)


@transaction.atomic
def push(user: User, checkpoint: Checkpoint, wish: Wish) -> Push:
    """Have it sent, in the name of this person. Raises PermissionDenied, or NotPossible."""
    team = checkpoint.run.experiment.team
    require_writer(user, team.id)
    if checkpoint.removed:
        raise NotPossible(
            "The files of this checkpoint are gone, the engine keeps the last ones only: push a newer one."
        )
    if Push.objects.filter(checkpoint__run__experiment__team=team, state__in=LIVE).count() >= MOST_LIVE:
        raise NotPossible(f"{MOST_LIVE} checkpoints of this team are on their way already: wait until some are there.")
    try:
        with transaction.atomic():
            made = Push.objects.create(
                checkpoint=checkpoint,
                created_by=user,
                repository=wish.repository,
                is_private=wish.is_private,
                licence_id=wish.licence.id,
                licence_name=wish.licence.name,
                licence_link=wish.licence.link,
                token=encryption.encrypt(wish.token, TOKEN),
                due_at=Now(),
            )
    except IntegrityError:
        raise NotPossible(f"This checkpoint is on its way to {wish.repository} already: wait for that.") from None
    seen_by = "private" if wish.is_private else "public"
    detail = f"to {wish.repository} ({seen_by}), under {wish.licence.title}"
    audit.record(user, team, "pushed to the Hub", _words_for(checkpoint), detail)
    return made


@transaction.atomic
def call_back(user: User, push: Push) -> None:
    """End one that waits. Raises PermissionDenied, or NotPossible."""
    team = push.checkpoint.run.experiment.team
    require_writer(user, team.id)
    if not lifecycle.call_back(push, user.email):
        raise NotPossible("It is being sent, or has ended: what is on the Hub is deleted there.")
    audit.record(user, team, "called back from the Hub", _words_for(push.checkpoint), f"to {push.repository}")


def _words_for(checkpoint: Checkpoint) -> str:
    return f"checkpoint {checkpoint.iteration} of run “{checkpoint.run.name}”"
