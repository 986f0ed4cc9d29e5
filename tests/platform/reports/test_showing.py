"""A report in its places: the same drawing, with other addresses."""

import pytest

from reports.places import InAFile, OnTheSite
from reports.scope import Scope
from reports.showing import show_panel, show_report
from runs.models import RunState
from tests.platform.reports.desk import add_full_run, all_panels, panel

pytestmark = pytest.mark.django_db


def test_the_same_panels_on_the_site_and_in_a_file(lab):
    run = add_full_run(lab)
    on_site, in_file = (
        show_report(Scope(lab.team.id), all_panels(run), place) for place in (OnTheSite(), InAFile(10**7))
    )
    assert [piece.number for piece in on_site] == [None, 0, 1, 2, 3, 4, 5] == [piece.number for piece in in_file]
    # Curves and frontier lead to runs on the site, and are drawn alike.
    for one, other in zip(on_site, in_file, strict=True):
        assert one.html.count("<svg") == other.html.count("<svg") and one.html.count("<img") == other.html.count(
            "<img"
        )
        assert "/runs/" not in other.html and "/media/" not in other.html
    assert "/runs/" in on_site[1].html and "/media/" in on_site[5].html


def test_only_panels_of_live_runs_move(lab):
    runs = [add_full_run(lab, state, state=state) for state in (RunState.RUNNING, RunState.FINISHED)]
    text = "\n\n".join([panel("curves", f"runs: {run.id}") for run in runs] + [panel("curves", "runs: x")])
    shown = show_report(Scope(lab.team.id), text, OnTheSite())
    assert [piece.is_live for piece in shown] == [True, False, False]


def test_a_digest_is_of_what_is_seen(lab):
    scope, text = Scope(lab.team.id), panel("curves", f"runs: {add_full_run(lab).id}")
    first, again = (show_panel(scope, text, 0, OnTheSite()) for _ in range(2))
    other = show_panel(scope, f"{text}\n\n{panel('curves', 'runs: x')}", 1, OnTheSite())
    assert first == again and first.digest != other.digest
    assert show_panel(scope, text, 1, OnTheSite()) is None


def test_more_panels_ask_once_which_runs_are_live(lab, django_assert_num_queries):
    run = add_full_run(lab)
    with django_assert_num_queries(1 + 3 * 2):
        show_report(Scope(lab.team.id), "\n\n".join([panel("curves", f"runs: {run.id}")] * 3), OnTheSite())
