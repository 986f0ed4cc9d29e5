"""The short names of pictures and policies: what they lead to, and for whom."""

from uuid import uuid4

import pytest

from pictures.policies import PolicyRef, find_policies, parse_policy
from pictures.refs import Ref, find_pictures, parse_ref
from pictures.shown import show
from tests.platform.lab import add_checkpoint, add_run, add_sample, resume
from tests.platform.pictures.easel import add_drawing

pytestmark = pytest.mark.django_db


def test_a_ref_reads_as_it_is_written():
    assert str(parse_ref("s12")) == "s12" and parse_ref("d5") == Ref("d", 5)


@pytest.mark.parametrize("text", ["", "s", "x1", "s0", "s-1", "s1 ", "s1,d2", "s" + "9" * 30])
def test_what_names_no_picture_is_told(text):
    with pytest.raises(ValueError, match="names no picture: give s or d and a number"):
        parse_ref(text)


def test_pictures_are_found_in_order_for_their_team_alone(lab, django_assert_num_queries):
    run = add_run(lab.experiment)
    sample, drawing = add_sample(run, 4), add_drawing(run, 4)
    refs = [Ref("d", drawing.id), Ref("s", sample.id), Ref("d", drawing.id + 1)]
    with django_assert_num_queries(2):
        found = find_pictures(lab.viewer, refs)
    assert list(found.items()) == [(refs[0], drawing), (refs[1], sample)]
    assert find_pictures(lab.stranger, refs) == {}


def test_a_sample_that_was_rolled_back_is_gone(lab):
    run = add_run(lab.experiment)
    sample = add_sample(run, 4)
    resume(run, 2)
    assert find_pictures(lab.viewer, [Ref("s", sample.id)]) == {}


def test_both_kinds_are_shown_alike(lab):
    run = add_run(lab.experiment, name="mine")
    rows = [add_sample(run, 4), add_drawing(run, 4, rewards={"a": 0.5}, kl=0.25)]
    sample, drawing = (show(row) for row in rows)
    assert (sample.run_name, sample.iteration, sample.prompt, sample.seed) == ("mine", 4, "a circle", 1)
    assert sample.picture == f"/media/samples/{rows[0].id}/" and sample.kl is None
    assert drawing.thumbnail == f"/media/drawings/{rows[1].id}/thumb/"
    assert (drawing.rewards, drawing.kl) == ({"a": 0.5}, 0.25)


def test_a_policy_reads_as_it_is_written():
    ref = PolicyRef(uuid4(), 40)
    assert parse_policy(str(ref)) == ref


@pytest.mark.parametrize(
    "text", ["", "@4", "x@4", f"{uuid4()}", f"{uuid4()}@", f"{uuid4()}@-1", f"{uuid4()}@" + "9" * 10]
)
def test_what_names_no_policy_is_told(text):
    with pytest.raises(ValueError, match="names no policy: give a run's id, @ and an iteration"):
        parse_policy(text)


def test_policies_are_found_with_their_checkpoints(lab, django_assert_num_queries):
    runs = [add_run(lab.experiment, name) for name in ("one", "two")]
    kept, pruned = add_checkpoint(runs[0], 40), add_checkpoint(runs[1], 8)
    pruned.removed = True
    pruned.save()
    refs = [PolicyRef(runs[1].id, 8), PolicyRef(runs[0].id, 40), PolicyRef(runs[0].id, 0), PolicyRef(runs[0].id, 8)]
    with django_assert_num_queries(2):
        found = list(find_policies(lab.viewer, [*refs, PolicyRef(uuid4(), 1)]).values())
    assert [policy.ref for policy in found] == refs
    assert [policy.checkpoint for policy in found] == [pruned, kept, None, None]
    assert [policy.can_draw for policy in found] == [False, True, True, False]
    assert [str(policy) for policy in found[1:3]] == ["one at 40", "base model of one"]
    assert find_policies(lab.stranger, refs) == {}
