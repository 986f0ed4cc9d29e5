"""The page of nodes, as people and operators see it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fleet import services, slots
from fleet.models import JoinToken, Node, Quota
from fleet.states import NodeState
from runs.models import Experiment, RunState
from tests.platform.fleet.machines import add_node, add_queued, add_running, silence


@pytest.fixture
def fleet(lab):
    """Two GPUs, one with a run of the lab, one with a stranger's."""
    here = add_node("gpu-1", slots=2, with_gpus=True)
    mine = add_running(lab.experiment, here, [0], name="Mine", seconds_left=2400)
    theirs = add_running(Experiment.objects.get(name="Theirs"), here, [1], name="Secret plan")
    return here, mine, theirs


def test_who_the_nodes_are_and_what_runs_there(member, fleet):
    page = member.get(reverse("nodes")).text
    for part in ("gpu-1", "2 of 2 GPUs in use", "NVIDIA H100 80GB HBM3", "39 of 80 GiB, 97 % busy", "Mine", "40 min"):
        assert part in page
    assert "another team" in page and "Secret plan" not in page
    assert "Drain" not in page and "join token" not in page


def test_the_stranger_sees_their_own(lab, fleet, as_person):
    page = as_person(lab.stranger).get(reverse("nodes_live")).text
    assert "Secret plan" in page and "Mine" not in page


def test_small_jobs_have_no_name_there(member, fleet):
    here = add_node("cpu-1")
    slots.take_for_job(here, "dry run of Theirs", needs_gpu=False)
    page = member.get(reverse("nodes")).text
    assert "a small job" in page and "dry run" not in page


def test_states_and_heartbeats(member):
    silence(add_node("cpu-1"), 600)
    page = member.get(reverse("nodes")).text
    assert "silent" in page and "heartbeat 10 min ago" in page and "Nothing runs here" in page


def test_without_a_node_it_says_what_to_do(member):
    assert "python -m worker runs" in member.get(reverse("nodes")).text


def test_the_number_of_queries_does_not_grow(member, lab, fleet):
    with CaptureQueriesContext(connection) as of_few:
        member.get(reverse("nodes"))
    for number in range(5):
        other = add_node(f"gpu-{number + 2}", slots=8, with_gpus=True)
        for slot in range(4):
            add_running(lab.experiment, other, [slot])
    with CaptureQueriesContext(connection) as of_many:
        member.get(reverse("nodes"))
    assert len(of_many) == len(of_few)


def test_a_team_sees_its_quota_and_an_operator_all(lab, member, fleet, as_person):
    services.set_quota(None, lab.team, 3)
    for _ in range(2):
        add_queued(lab.experiment)
    page = member.get(reverse("nodes")).text
    assert "3 GPUs" in page and "2 runs" in page and "Elsewhere" not in page
    lab.member.is_staff = True
    lab.member.save()
    page = as_person(lab.member).get(reverse("nodes")).text
    assert "Elsewhere" in page and "Set" in page


def test_operators_drain_open_and_forget(operators_browser, fleet):
    here = fleet[0]
    assert operators_browser.post(reverse("node_drain", args=[here.id])).status_code == 302
    assert "draining since" in operators_browser.get(reverse("nodes")).text
    operators_browser.post(reverse("node_undrain", args=[here.id]))
    assert Node.objects.get().state == NodeState.OPEN
    refused = operators_browser.post(reverse("node_forget", args=[here.id]))
    assert refused.status_code == 422 and "end its worker first" in refused.text
    silence(here, 600)
    operators_browser.post(reverse("node_forget", args=[here.id]))
    assert not Node.objects.exists()


def test_operators_set_quotas(operators_browser, lab):
    address = reverse("quota_set", args=[lab.team.id])
    operators_browser.post(address, {"max_gpus": "4"})
    assert Quota.objects.get().max_gpus == 4
    for wrong in ("-1", "many", "99999"):
        refused = operators_browser.post(address, {"max_gpus": wrong})
        assert refused.status_code == 422 and "Quota of Lab" in refused.text
    operators_browser.post(address, {"max_gpus": ""})
    assert not Quota.objects.exists()


def test_a_join_token_is_shown_once(operators_browser, settings):
    settings.NODE_ENVIRONMENT = {"DATABASE_URL": "postgres://…", "REDIS_URL": "redis://…"}
    made = operators_browser.post(reverse("join_token_new"))
    assert "python -m worker join http://testserver/ --token fdpn_" in made.text
    again = operators_browser.get(reverse("nodes")).text
    assert "fdpn_" not in again and "not used yet" in again
    operators_browser.post(reverse("join_token_revoke", args=[JoinToken.objects.get().id]))
    assert "not used yet" not in operators_browser.get(reverse("nodes")).text


def test_an_operator_is_told_what_to_set_first(operators_browser, settings):
    settings.NODE_ENVIRONMENT = {"REDIS_URL": "redis://…"}
    page = operators_browser.get(reverse("nodes")).text
    assert "Set NODE_DATABASE_URL for the web process first" in page


def test_a_run_says_why_it_waits(lab, member, fleet):
    run = add_queued(lab.experiment, name="Next", num_gpus=2)
    page = member.get(reverse("run_status", args=[run.id])).text
    assert "1st in the queue. It waits for 2 GPUs of node gpu-1" in page
    run.state = RunState.CANCELLED
    run.save()
    assert "in the queue" not in member.get(reverse("run_status", args=[run.id])).text
