"""What operators do, and nobody else."""

import io

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from fleet import joining, registry, services, targets
from fleet.models import Node, Quota
from fleet.states import NodeState
from stack.seed import seed_if_empty
from teams.models import AuditEntry, User
from tests.platform.fleet.machines import add_node, add_running, silence
from tests.platform.lab import CONFIG


@pytest.mark.parametrize(
    "deed",
    [
        lambda user, lab: services.drain(user, add_node("cpu-1")),
        lambda user, lab: services.undrain(user, add_node("cpu-1")),
        lambda user, lab: services.forget(user, add_node("cpu-1")),
        lambda user, lab: services.set_quota(user, lab.team, 2),
        lambda user, lab: joining.make_token(user),
    ],
)
def test_owners_of_teams_are_no_operators(lab, deed):
    with pytest.raises(PermissionDenied, match="operators"):
        deed(lab.owner, lab)


def test_drain_and_back(lab, operator):
    here = add_node("cpu-1")
    for _ in range(2):
        services.drain(operator, here)
    assert Node.objects.get().state == NodeState.DRAINING
    for _ in range(2):
        services.undrain(operator, here)
    assert Node.objects.get().state == NodeState.OPEN
    # Each once, though asked twice.
    log = AuditEntry.objects.filter(object="node cpu-1").order_by("id")
    assert list(log.values_list("verb", "team__name")) == [("drained", "Lab"), ("opened", "Lab")]


def test_only_a_node_that_is_gone_is_forgotten(lab, operator):
    here = add_node("cpu-1")
    run = add_running(lab.experiment, here, [0])
    with pytest.raises(ValidationError, match="cpu-1 lives"):
        services.forget(operator, here)
    services.forget(operator, silence(here, 600))
    attempt = run.attempts.get()
    assert not Node.objects.exists() and (attempt.node, attempt.gpus) == (None, [0])


def test_quotas(lab, operator):
    services.set_quota(operator, lab.team, 2)
    services.set_quota(operator, lab.team, 3)
    assert Quota.objects.get().max_gpus == 3
    with pytest.raises(ValidationError, match="0 to 10000"):
        services.set_quota(operator, lab.team, -1)
    services.set_quota(operator, lab.team, None)
    assert not Quota.objects.exists()
    log = AuditEntry.objects.filter(verb="set").order_by("id").values_list("detail", "who")
    assert list(log) == [
        ("2 GPUs at a time", operator.email),
        ("3 GPUs at a time", operator.email),
        ("no quota", operator.email),
    ]


def run_command(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def test_quotas_at_the_command_line(lab):
    assert run_command("set_quota", "lab", "4") == "Lab may hold 4 GPUs at a time."
    assert Quota.objects.get().max_gpus == 4
    assert AuditEntry.objects.get(verb="set").who == "the operator"
    assert run_command("set_quota", "lab", "none") == "Lab may hold all GPUs at a time."
    for arguments, problem in [(("labb", "4"), "Teams: elsewhere, lab"), (("lab", "-4"), "no number of GPUs")]:
        with pytest.raises(CommandError, match=problem):
            run_command("set_quota", *arguments)
    with pytest.raises(CommandError, match="0 to 10000"):
        run_command("set_quota", "lab", "20000")


def test_operators_are_made_at_the_command_line(lab):
    assert run_command("make_operator", "Owner@example.org") == "owner@example.org is an operator."
    services.require_operator(type(lab.owner).objects.get(id=lab.owner.id))
    run_command("make_operator", "owner@example.org", "--undo")
    assert not type(lab.owner).objects.filter(is_staff=True).exists()
    with pytest.raises(CommandError, match="no account"):
        run_command("make_operator", "nobody@example.org")


def test_the_largest_node(db):
    assert (targets.largest_node(), targets.cautions(4)) == (0, [])
    add_node("cpu-1", slots=16)
    assert targets.largest_node() == 16
    registry.leave(add_node("gpu-1", slots=2, with_gpus=True))
    assert targets.largest_node() == 2
    assert targets.cautions(2) == [] and "the largest has 2" in targets.cautions(4)[0]


def test_what_can_never_start_is_refused_with_the_remedy(lab):
    groups = CONFIG["rollout"]["groups_per_iteration"]
    assert targets.refusals(lab.team, 1, CONFIG) == []
    assert "cannot be divided" in targets.refusals(lab.team, groups + 1, CONFIG)[0]
    assert "ask for 1 to" in targets.refusals(lab.team, 0, CONFIG)[0]
    services.set_quota(None, lab.team, 1)
    assert targets.refusals(lab.team, groups, CONFIG) == [
        "Lab may use 1 GPU at a time: ask for fewer, or an operator for more."
    ]


def test_who_sets_an_installation_up_is_an_operator(db):
    sign_in = seed_if_empty()
    services.require_operator(User.objects.get(email=sign_in.email))
