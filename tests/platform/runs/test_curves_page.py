"""The page around the panel's curves: which runs it shows, and which there are to pick."""

import pytest
from django.urls import reverse

from runs.models import Experiment
from tests.platform.lab import add_run

ADDRESS = "/curves/"


@pytest.fixture
def runs(lab):
    return [add_run(lab.experiment, f"run {number}") for number in range(3)]


@pytest.fixture
def viewer(lab, as_person):
    return as_person(lab.viewer)


def test_the_panel_gets_the_runs_and_the_view_of_the_address(viewer, runs):
    both = f"{runs[2].id},{runs[0].id}"
    page = viewer.get(ADDRESS, {"runs": both, "x": "step", "find": "run"}).text
    assert f'src="/panel/?runs={both}&amp;x=step&amp;view=curves"' in page
    assert '<input type="hidden" name="x" value="step">' in page


def test_without_runs_there_is_a_picker_and_no_panel(viewer, runs):
    page = viewer.get(ADDRESS).text
    assert "<iframe" not in page and "Pick some to see their curves." in page
    assert all(f'value="{run.id}"' in page for run in runs)


def test_ticked_runs_come_into_the_one_list_of_the_address(viewer, runs):
    response = viewer.get(ADDRESS, {"run": [str(runs[1].id), str(runs[0].id), "no id"], "keys": "reward/mean"})
    assert response["Location"] == f"/curves/?keys=reward/mean&runs={runs[1].id},{runs[0].id}"


def test_runs_are_offered_by_experiment_and_found_by_the_language_of_lists(viewer, lab, runs):
    other = add_run(Experiment.objects.create(team=lab.team, name="Seeds"), "another one")
    page = viewer.get(reverse("curves_picker")).text
    assert page.index("Seeds") < page.index("another one") < page.index("Thresholds") < page.index("run 0")
    found = viewer.get(reverse("curves_picker"), {"find": "experiment = Seeds"}).text
    assert str(other.id) in found and str(runs[0].id) not in found


def test_a_search_that_says_nothing_is_answered_with_what_is_wrong(viewer, runs):
    page = viewer.get(ADDRESS, {"find": "state = ", "runs": str(runs[0].id)})
    assert page.status_code == 200
    assert page.context["picker"].problem and page.context["picker"].chosen == [runs[0]]


def test_older_runs_come_on_the_next_page(viewer, lab):
    made = [add_run(lab.experiment, f"run {number}") for number in range(51)]
    first = viewer.get(ADDRESS).context["picker"]
    second = viewer.get(f"{ADDRESS}?{first.next_page}").context["picker"]
    assert [run for _, runs in second.offered for run in runs] == [made[0]]
    assert second.next_page == ""


def test_a_stranger_sees_none_of_them(lab, as_person, runs):
    page = as_person(lab.stranger).get(ADDRESS, {"runs": str(runs[0].id)}).text
    assert "run 0" not in page and "<iframe" not in page


def test_more_runs_take_no_more_queries(viewer, lab, runs, django_assert_max_num_queries):
    with django_assert_max_num_queries(40) as few:
        viewer.get(ADDRESS, {"runs": str(runs[0].id)})
    more = [add_run(Experiment.objects.create(team=lab.team, name=f"E{n}"), f"more {n}") for n in range(10)]
    with django_assert_max_num_queries(len(few)):
        viewer.get(ADDRESS, {"runs": ",".join(str(run.id) for run in more)})
