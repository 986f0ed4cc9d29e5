"""The pages of the playground: what they show to whom, in how many queries."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from fleet import slots
from fleet.models import Node
from pictures.models import Drawing
from pictures.policies import PolicyRef
from playground import lifecycle, selectors, services
from playground.asked import Asked
from playground.choices import find_choices
from playground.models import Sheet
from playground.progress import note_step
from playground.waiting import why_it_waits, why_nobody_draws
from tests.platform.fleet.machines import add_node, add_running
from tests.platform.lab import add_checkpoint, add_run
from tests.platform.playground.studio import ask, ask_for, serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def painters(lab):
    return [add_run(lab.experiment, name) for name in ("left", "right")]


def status(client, sheet: Sheet, have: int = 0) -> dict:
    return client.get(reverse("playground_status", args=[sheet.id]), {"have": have}).json()


def test_an_address_shows_its_pictures_to_the_team(lab, painters, as_person):
    drawings = serve(ask(lab.member, *painters))
    address = ask_for(*painters).address
    for person in (lab.viewer, lab.owner):
        page = as_person(person).get(address).content.decode()
        assert all(f"/media/drawings/{drawing.id}/" in page for drawing in drawings)
        assert f"/compare/?items=d{drawings[0].id},d{drawings[1].id}" in page and "Your last requests" not in page
    page = as_person(lab.stranger).get(address).content.decode()
    assert "are none of your teams" in page and "/media/drawings/" not in page and "left" not in page


def test_the_page_makes_no_more_queries_as_there_is_more(lab, painters, member, django_assert_max_num_queries):
    serve(ask(lab.member, painters[0], seeds=(1,)))
    for number in range(6):
        serve(ask(lab.member, *painters, prompt=f"prompt {number}", seeds=(1, 2, 3, 4)))
        add_checkpoint(add_run(lab.experiment, f"run {number}"), 8)
    add_node("here")
    with django_assert_max_num_queries(26):
        member.get(ask_for(*painters, prompt="prompt 1", seeds=(1, 2, 3, 4)).address)


def test_what_is_new_is_told_and_only_that(lab, painters, member):
    sheet = ask(lab.member, *painters, seeds=(1, 2))
    add_node("here")
    assert status(member, sheet)["words"] == "Drawing begins."
    lease = lifecycle.claim(sheet.id, "node-1")
    lifecycle.store(lease, 0, "playground/0.png")
    note_step(cache, sheet.id, 1, 3, 8)
    told = status(member, sheet)
    assert (told["state"], told["drawn"], told["places"], told["words"]) == ("drawing", 1, 4, "Drawing: 1 of 4.")
    assert told["step"] == {"place": 1, "step": 3, "num_steps": 8}
    assert list(told["cells"]) == ["0"] and 'alt="base model of left, seed 1: a red circle"' in told["cells"]["0"]
    assert status(member, sheet, have=1)["cells"] == {}
    lifecycle.fail(lease, "It broke.", "Mend it.")
    assert status(member, sheet)["words"] == "It broke. Mend it."


def test_the_status_costs_few_queries(lab, painters, member, django_assert_num_queries):
    sheet = ask(lab.member, *painters, seeds=tuple(range(1, 9)))
    serve(sheet)
    lifecycle.claim(sheet.id, "node-1")
    with django_assert_num_queries(4):
        status(member, sheet)


def test_a_strange_place_is_told(lab, painters, member):
    response = member.get(reverse("playground_status", args=[ask(lab.member, *painters).id]), {"have": "x"})
    assert response.status_code == 400 and "give how many pictures" in response.json()["error"]


def test_without_a_script_the_form_leads_to_the_address(lab, painters, member):
    asked = ask_for(*painters)
    form = {"policies": [str(ref) for ref in asked.policies], "prompt": asked.prompt, "seeds": "1,2"}
    response = member.post(reverse("playground_draw"), form)
    assert response.headers["Location"] == asked.address and Sheet.objects.get().prompt == asked.prompt
    response = member.post(reverse("playground_draw"), form | {"seeds": "x"})
    assert response.status_code == 422 and "is no seed" in response.content.decode()


def test_who_is_in_no_team_is_told_what_to_do(lab, as_person):
    from teams.services import create_user

    page = as_person(create_user("new@example.org", "a long one, for tests")).get(reverse("playground"))
    assert "You are in no team yet" in page.content.decode()


def test_viewers_cannot_press_draw(lab, painters, as_person):
    page = as_person(lab.viewer).get(ask_for(*painters).address).content.decode()
    assert "Viewers look" in page and "disabled" in page


def test_whoever_may_draw_has_a_node_be_ready(lab, as_person, monkeypatch):
    told = []
    monkeypatch.setattr(lifecycle, "tell_nodes", told.append)
    cache.delete("playground:be-ready")
    as_person(lab.viewer).get(reverse("playground"))
    assert told == []
    for _ in range(2):
        as_person(lab.member).get(reverse("playground"))
    assert told == [lifecycle.BE_READY]


def test_choices_are_the_checkpoints_whose_files_are_there(lab, painters):
    add_checkpoint(painters[0], 40)
    gone = add_checkpoint(painters[0], 20)
    gone.removed = True
    gone.save()
    found = {
        choice.run.name: [policy.iteration for policy in choice.policies] for choice in find_choices(lab.viewer, "")
    }
    assert found == {"left": [40, 0], "right": [0]}
    assert [choice.run.name for choice in find_choices(lab.viewer, "thresh RIGHT")] == ["right"]
    assert "left" not in [choice.run.name for choice in find_choices(lab.stranger, "")]


def test_a_runs_page_leads_here(lab, painters, as_person):
    checkpoint = add_checkpoint(painters[0], 40)
    page = as_person(lab.viewer).get(reverse("run", args=[painters[0].id])).content.decode()
    address = f"/playground/?policies={painters[0].id}@40,{painters[0].id}@0"
    assert f'id="draw-{checkpoint.id}" href="{address}"' in page
    assert as_person(lab.viewer).get(address).context["policies"][0].checkpoint == checkpoint


def test_the_history_is_ones_own_and_by_pages(lab, painters, as_person, monkeypatch):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 2)
    for number in range(3):
        ask(lab.member, *painters, prompt=f"prompt {number}", seeds=(1,))
    past, last = selectors.history_page(lab.member)
    assert [one.sheet.prompt for one in past] == ["prompt 2", "prompt 1"]
    page = as_person(lab.member).get(reverse("playground_history"), {"before": last}).content.decode()
    assert "prompt 0" in page and "prompt 1" not in page
    assert selectors.history_page(lab.owner) == ([], None)


def test_why_nobody_draws(lab, painters):
    assert why_nobody_draws(False).startswith("No worker is there, so nothing can be drawn now: start one")
    here = add_node("here")
    Node.objects.update(draining_at="2026-01-01T00:00Z")
    assert why_nobody_draws(False).startswith("All nodes are draining")
    Node.objects.update(draining_at=None)
    assert why_nobody_draws(True) == why_nobody_draws(False) == ""
    gpus = add_node("gpus", slots=1, with_gpus=True)
    lent = slots.take_while_free(gpus, "playground")
    assert why_nobody_draws(True) == ""
    slots.give_back(lent)
    add_running(lab.experiment, gpus, [0], seconds_left=120.0)
    assert why_nobody_draws(True).startswith("Runs hold all GPUs: it is drawn when one comes free, in about 2")
    Node.objects.filter(id=gpus.id).update(draining_at="2026-01-01T00:00Z")
    assert "no node that has one takes work" in why_nobody_draws(True) and not why_nobody_draws(False)
    assert here.has_gpus is False


def test_why_a_sheet_waits(lab, painters):
    first, second = ask(lab.member, *painters), ask(lab.owner, *painters, prompt="b")
    assert why_it_waits(first).startswith("No worker is there")
    add_node("here")
    assert why_it_waits(first) == "" and why_it_waits(second) == "1 request before it; people take turns."
    serve(first)
    assert why_it_waits(first) == ""


def test_one_that_is_kept_is_on_the_wall_of_samples(lab, painters, member):
    checkpoint = add_checkpoint(painters[0], 40)
    sheet = services.draw(lab.member, Asked((PolicyRef(painters[0].id, 40),), "a", (1, 2)))
    kept, other = serve(sheet)
    assert kept.checkpoint == checkpoint
    address = reverse("playground_keep", args=[kept.id])
    cell = member.post(address, {"place": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert 'data-place="1"' in cell and "Kept" in cell
    tiles = member.get(f"/samples/tiles?runs={painters[0].id}&step=all").json()["tiles"]
    assert [tile["ref"] for tile in tiles] == [f"d{kept.id}"]
    assert Drawing.objects.get(expires_at__isnull=False) == other
