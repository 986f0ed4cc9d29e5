"""What people see of the fleet: every node, but of what runs there only their own teams' names."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from fleet import snapshot
from fleet.models import Hold, Node
from fleet.ordering import NOTHING_YET, Share
from fleet.readings import Gpu
from fleet.states import NodeState
from runs.models import Attempt, AttemptOutcome, Run
from runs.selectors import visible_runs
from teams.models import Team, User
from teams.selectors import teams_of


@dataclass(frozen=True)
class Work:
    """What holds slots of a node. `run` is None where it is none of the reader's."""

    slots: tuple[int, ...]
    name: str
    run: Run | None = None

    @property
    def numbers(self) -> str:
        return ", ".join(str(slot) for slot in self.slots)


@dataclass(frozen=True)
class NodeView:
    node: Node
    state: NodeState
    gpus: tuple[Gpu, ...]
    work: tuple[Work, ...]

    @property
    def num_held(self) -> int:
        return len({slot for work in self.work for slot in work.slots})

    @property
    def unit(self) -> str:
        return "GPU" if self.gpus else "slot"

    @property
    def may_be_forgotten(self) -> bool:
        return self.state in (NodeState.LEFT, NodeState.SILENT)


@dataclass(frozen=True)
class TeamUse:
    team: Team
    share: Share
    num_waiting: int

    @property
    def recent_hours(self) -> float:
        return self.share.recent / 3600


def nodes_overview(user: User) -> list[NodeView]:
    work = _work_by_node(user)
    return [
        NodeView(node, node.state, tuple(Gpu(**gpu) for gpu in node.gpus), tuple(work[node.id]))
        for node in Node.objects.all()
    ]


def visible_nodes(user: User) -> QuerySet[Node]:
    """Nodes are everybody's."""
    return Node.objects.all() if user.is_authenticated else Node.objects.none()


def use_of_teams(user: User) -> list[TeamUse]:
    """What the person's teams hold, wait for and may hold; of all teams for an operator."""
    shares = snapshot.team_shares()
    waiting = dict(snapshot.waiting_runs().order_by().values_list("experiment__team_id").annotate(Count("id")))
    teams = Team.objects.order_by("name") if user.is_staff else teams_of(user)
    return [TeamUse(team, shares.get(team.id, NOTHING_YET), waiting.get(team.id, 0)) for team in teams]


def _work_by_node(user: User) -> dict[int, list[Work]]:
    found = defaultdict(list)
    running = Attempt.objects.filter(outcome=AttemptOutcome.RUNNING).exclude(node=None).order_by("gpus", "id")
    own = {run.id: run for run in visible_runs(user).filter(attempts__in=running)}
    for node_id, gpus, run_id in running.values_list("node_id", "gpus", "run_id"):
        run = own.get(run_id)
        found[node_id].append(Work(tuple(gpus), run.name if run else "another team's run", run))
    for node_id, gpus, yields in Hold.objects.order_by("id").values_list("node_id", "gpus", "yields"):
        found[node_id].append(Work(tuple(gpus), "the playground" if yields else "a small job"))
    return found
