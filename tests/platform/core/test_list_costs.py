"""No list asks the database more as its rows grow, each with a run of its own and by another person."""

import itertools
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.services import add_comment
from comments.subjects import find_subject, subject_of_picture
from comparing.looking import Looking
from comparing.services import save_comparison
from pictures.policies import PolicyRef
from reports.services import create_report
from runs.models import Run
from sharing import services as sharing
from teams.models import User
from tests.platform.evaluating.laboratory import queue as queue_evaluation
from tests.platform.lab import Lab, add_run, add_sample
from tests.platform.sharing.doorway import make_link
from tests.platform.votes.ballot_box import add_vote, judge

More = Callable[[Lab, Run, User], object]


def say_of_its_picture(lab: Lab, run: Run, person: User) -> None:
    first = Run.objects.get(name="first")
    add_comment(person, subject_of_picture(add_sample(first, 1 + first.samples.count())), "@viewer")


def call_the_viewer(lab: Lab, run: Run, person: User) -> None:
    add_comment(person, find_subject(person, str(run.id)), "@viewer, @owner")


def start_vote(lab: Lab, run: Run, person: User) -> None:
    judge(person, add_vote(lab, run), 1)


def compare(lab: Lab, run: Run, person: User) -> None:
    save_comparison(person, run.name, "", Looking(policies=(PolicyRef(run.id, 0),)))


def evaluate_the_first(lab: Lab, run: Run, person: User) -> None:
    queue_evaluation(lab, Run.objects.get(name="first"))


def evaluate(lab: Lab, run: Run, person: User) -> None:
    queue_evaluation(lab, run)


def write_report(lab: Lab, run: Run, person: User) -> None:
    create_report(person, lab.team, run.name, f"```curves\nruns: {run.id}\n```")


def share(lab: Lab, run: Run, person: User) -> None:
    sharing.share(person, run, 30)
    make_link(lab, create_report(person, lab.team, run.name, "Words."))


LISTS: dict[str, tuple[str, More]] = {
    "comments of a run": ("/comments/?about={run}", say_of_its_picture),
    "inbox": ("/inbox/", call_the_viewer),
    "votes": ("/votes/", start_vote),
    "comparisons": ("/comparisons/", compare),
    "evaluations of a run": ("/runs/{run}/", evaluate_the_first),
    "evaluations of all runs": ("/jobs/", evaluate),
    "reports": ("/reports/", write_report),
    "shares": ("/teams/{team}/shares/", share),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_however_long_it_is(name, lab: Lab, as_person):
    path, more = LISTS[name]
    run = add_run(lab.experiment, "first", created_by=lab.owner)
    address = path.format(run=run.id, team=lab.team.id)
    # Viewers share nothing, and so see no shares.
    client = as_person(lab.member if name == "shares" else lab.viewer)

    def look() -> tuple[int, int]:
        """How many queries there are, and how long the page is."""
        with CaptureQueriesContext(connection) as asked:
            page = client.get(address)
        assert page.status_code == 200
        return len(asked), len(page.text)

    people = itertools.cycle([lab.member, lab.owner])

    def add(number: int) -> None:
        more(lab, add_run(lab.experiment, f"run {number}", created_by=lab.member), next(people))

    for number in range(2):
        add(number)
    num_before, length_before = look()
    for number in range(2, 7):
        add(number)
    num_after, length_after = look()
    assert num_after <= num_before and length_after > length_before + 500
