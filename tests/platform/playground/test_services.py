"""What people do in the playground, and what they may not."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from pictures.models import Drawing
from pictures.policies import PolicyRef
from playground import services, upkeep
from playground.asked import Asked
from playground.models import Sheet, SheetState
from teams.models import AuditEntry, Membership
from tests.platform.lab import add_checkpoint, add_run
from tests.platform.pictures.easel import add_drawing
from tests.platform.playground.studio import ask, ask_for, serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def painter(lab):
    return add_run(lab.experiment, "painter")


def problems_of(user, asked: Asked) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        services.draw(user, asked)
    return refused.value.message_dict


def test_what_nothing_is_said_of_is_as_the_runs_evaluations_have_it(lab, painter):
    sheet = ask(lab.member, painter)
    assert (sheet.num_steps, sheet.guidance_scale) == (8, 1.0) and not sheet.needs_gpu
    assert (sheet.team, sheet.created_by, sheet.state) == (lab.team, lab.member, SheetState.WAITING)
    assert AuditEntry.objects.get(verb="asked to draw").object == "“a red circle”"


def test_a_checkpoint_is_remembered_by_its_row(lab, painter):
    checkpoint = add_checkpoint(painter, 40)
    sheet = services.draw(lab.member, Asked((PolicyRef(painter.id, 40), PolicyRef(painter.id, 0)), "a", (1,)))
    assert sheet.checkpoints == [checkpoint.id, None] and sheet.num_places == 2


def test_what_is_wrong_is_told_by_field(lab, painter):
    assert problems_of(lab.member, Asked()) == {
        "prompt": ["Say what to draw."],
        "policies": ["Choose who draws: one to four checkpoints."],
    }
    nowhere = Asked((PolicyRef(painter.id, 8),), "a")
    assert "files of painter at 8 were removed" in problems_of(lab.member, nowhere)["policies"][0]
    assert "There is no " in problems_of(lab.stranger, ask_for(painter))["policies"][0]
    assert not Sheet.objects.exists()


def test_viewers_look(lab, painter):
    with pytest.raises(PermissionDenied):
        ask(lab.viewer, painter)


def test_who_draws_must_be_a_member_of_each_team(lab, painter):
    theirs = add_run(lab.stranger.teams.get().experiments.get(), "theirs")
    Membership.objects.create(user=lab.member, team=lab.stranger.teams.get(), role="viewer")
    with pytest.raises(PermissionDenied):
        ask(lab.member, painter, theirs)


def test_the_same_twice_is_one_sheet(lab, painter):
    sheet = ask(lab.member, painter)
    assert ask(lab.member, painter) == sheet and ask(lab.owner, painter) != sheet
    serve(sheet)
    assert ask(lab.member, painter) == sheet
    Drawing.objects.first().delete()
    assert ask(lab.member, painter) != sheet


def test_what_is_there_already_is_not_drawn_again(lab, painter):
    first = serve(ask(lab.member, painter, seeds=(1, 2)))
    Drawing.objects.filter(id=first[0].id).update(expires_at=timezone.now() + timedelta(minutes=5))
    again = ask(lab.owner, painter, seeds=(1, 2, 3))
    assert [row.drawing_id for row in again.drawn.order_by("place")] == [drawing.id for drawing in first]
    assert Drawing.objects.get(id=first[0].id).expires_at > timezone.now() + timedelta(hours=23)
    assert len(serve(again)) == 3 and Drawing.objects.count() == 3
    assert ask(lab.member, painter, seeds=(3, 2)).state == SheetState.DONE
    assert ask(lab.member, painter, num_steps=5).state == SheetState.WAITING


def test_what_an_evaluation_drew_has_other_noise(lab, painter):
    from tests.platform.jobs.laboratory import queue

    add_drawing(painter, prompt="a red circle", seed=1, job=queue(lab))
    assert ask(lab.member, painter, seeds=(1,)).state == SheetState.WAITING


def test_a_rolled_back_checkpoint_is_another_one(lab, painter):
    old = add_checkpoint(painter, 40)
    asked = Asked((PolicyRef(painter.id, 40),), "a", (1,))
    serve(services.draw(lab.member, asked))
    old.delete()
    add_checkpoint(painter, 40)
    assert services.draw(lab.member, asked).state == SheetState.WAITING


def test_so_many_pictures_of_a_person_may_wait(lab, painter, monkeypatch):
    monkeypatch.setattr(services, "MAX_WAITING", 5)
    sheet = ask(lab.member, painter, seeds=(1, 2, 3))
    assert "more than 5 would" in problems_of(lab.member, ask_for(painter, prompt="b", seeds=(1, 2, 3)))["prompt"][0]
    ask(lab.owner, painter, prompt="b", seeds=(1, 2, 3))
    serve(sheet)
    ask(lab.member, painter, prompt="b", seeds=(4, 5, 6))


def test_one_that_is_kept_stays_and_the_others_go(lab, painter):
    kept, gone = serve(ask(lab.member, painter))
    services.keep(lab.owner, kept)
    services.keep(lab.owner, kept)
    assert AuditEntry.objects.filter(verb="kept").count() == 1
    assert upkeep.forget() == 0
    Drawing.objects.filter(id=gone.id).update(expires_at=timezone.now())
    file = upkeep.default_storage.path(gone.path)
    assert upkeep.forget() == 1 and not upkeep.default_storage.exists(gone.path), file
    assert list(Drawing.objects.all()) == [kept] and upkeep.default_storage.exists(kept.path)


def test_what_was_kept_may_be_let_go_but_nothing_else(lab, painter):
    drawing = serve(ask(lab.member, painter))[0]
    services.keep(lab.member, drawing)
    services.let_go(lab.member, drawing)
    drawing.refresh_from_db()
    assert drawing.expires_at > timezone.now()
    with pytest.raises(ValidationError, match="not drawn in the playground"):
        services.let_go(lab.member, add_drawing(painter))
    for change in (services.keep, services.let_go):
        with pytest.raises(PermissionDenied):
            change(lab.viewer, drawing)


def test_old_sheets_go(lab, painter):
    old, live = ask(lab.member, painter), ask(lab.member, painter, prompt="b")
    serve(old)
    Sheet.objects.update(created_at=timezone.now() - timedelta(days=31))
    upkeep.forget()
    assert list(Sheet.objects.all()) == [live] and Drawing.objects.count() == 2


def test_stopping_is_the_makers(lab, painter):
    sheet = ask(lab.member, painter)
    services.stop(lab.member, sheet)
    sheet.refresh_from_db()
    assert sheet.state == SheetState.CANCELLED and AuditEntry.objects.filter(verb="stopped drawing").exists()
