"""The first things in an empty installation."""

from catalog.models import Item, Use
from runs.models import Run
from stack.seed import seed_if_empty
from teams.models import Team


def test_a_fresh_installation_has_a_run_and_what_it_is_made_of_in_the_catalogue(db):
    sign_in = seed_if_empty()
    run = Run.objects.get()
    assert sign_in.email == run.created_by.email and len(sign_in.password) >= 12
    assert sorted(Item.objects.values_list("kind", "name")) == [
        ("model", "Sandbox"),
        ("prompts", "Sandbox, in domain"),
        ("prompts", "Sandbox, out of domain"),
        ("prompts", "Sandbox, train"),
        ("rewards", "Sandbox"),
    ]
    assert Use.objects.filter(run=run, num_changes=0).count() == 5


def test_an_installation_with_a_team_is_left_alone(db):
    Team.objects.create(name="Ours", slug="ours")
    assert seed_if_empty() is None and not Item.objects.exists()
