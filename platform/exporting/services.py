"""What people do: have a checkpoint sent to the Hub. It is sent by housekeeping, after the request has ended."""

from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from core import encryption
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
    run = checkpoint.run
    team = run.experiment.team
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
    audit.record(user, team, "pushed to the Hub", f"checkpoint {checkpoint.iteration} of run “{run.name}”", detail)
    return made
