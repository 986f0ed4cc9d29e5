"""The first things in an empty installation: a team, somebody to sign in, an experiment, and a run to watch."""

import secrets
from dataclasses import dataclass

from django.db import transaction

from catalog.services import add_sandbox
from flowdppo_engine.recipes import load_recipe
from runs.services import create_experiment, submit_run
from teams.models import Team, User
from teams.services import create_team, create_user

EMAIL = "demo@example.org"
RECIPE = "sandbox-flow-dppo"


@dataclass(frozen=True)
class SignIn:
    email: str
    password: str


@transaction.atomic
def seed_if_empty() -> SignIn | None:
    """Seed an installation without a team, and return the sign-in, which is kept nowhere else."""
    if Team.objects.exists():
        return None
    sign_in = SignIn(EMAIL, secrets.token_urlsafe(9))
    user = create_user(sign_in.email, sign_in.password)
    # Who sets the platform up looks after its nodes too.
    User.objects.filter(id=user.id).update(is_staff=True)
    team = create_team("Demo team", user)
    add_sandbox(user, team)
    experiment = create_experiment(user, team, "First light", "The sandbox learns to draw what it is asked for.")
    submit_run(user, experiment, "First light", RECIPE, load_recipe(RECIPE).model_dump(mode="json"))
    return sign_in
