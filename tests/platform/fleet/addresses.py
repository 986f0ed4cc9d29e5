"""Who may open the addresses of nodes. Operators, who may do more, are no kind of person of the matrix."""

from django.db.models import QuerySet

from fleet.models import Quota
from teams.models import Team
from tests.platform.access import SIGNED_IN, Access
from tests.platform.fleet.machines import add_node
from tests.platform.lab import Lab

NODE = {"node_id": "node"}
OPERATORS = (302, 403, 403, 403, 403)

ACCESS = {
    "nodes": [Access(SIGNED_IN)],
    "nodes_live": [Access(SIGNED_IN)],
    "node_drain": [Access(OPERATORS, kwargs=NODE, post={})],
    "node_undrain": [Access(OPERATORS, kwargs=NODE, post={})],
    "node_forget": [Access(OPERATORS, kwargs=NODE, post={})],
    "quota_set": [Access(OPERATORS, kwargs={"team_id": "team"}, post={"max_gpus": "0"})],
    "join_token_new": [Access(OPERATORS, post={})],
    "join_token_revoke": [Access(OPERATORS, kwargs={"token_id": "join_token"}, post={})],
    # Machines ask, without a session.
    "node_join": [Access((405,) * 5), Access((403,) * 5, post={"token": "guessed", "host": "gpu-9"})],
}


def make_things(lab: Lab) -> dict:
    return {"node": add_node("gpu-1").id, "join_token": 1}


def rows_of(team: Team) -> list[QuerySet]:
    return [Quota.objects.filter(team=team)]
