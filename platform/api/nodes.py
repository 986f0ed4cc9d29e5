"""The machines that train: who they are and what they hold."""

from dataclasses import asdict
from datetime import datetime
from typing import Self
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.responses import Status

from api.idempotency import once
from fleet import services
from fleet.selectors import NodeView, nodes_overview, visible_nodes

router = Router(tags=["Nodes"])


class GpuOut(Schema):
    name: str
    memory_mib: int
    memory_used_mib: int
    used_percent: int | None


class WorkOut(Schema):
    """What holds slots; `run` is null where it is none of yours."""

    slots: list[int]
    name: str
    run: UUID | None


class NodeOut(Schema):
    id: int
    name: str
    state: str
    slots: list[int]
    gpus: list[GpuOut]
    work: list[WorkOut]
    last_seen: datetime

    @classmethod
    def of(cls, view: NodeView) -> Self:
        node = view.node
        work = [WorkOut(slots=list(one.slots), name=one.name, run=one.run and one.run.id) for one in view.work]
        return cls(
            id=node.id,
            name=node.name,
            state=view.state,
            slots=list(node.slots),
            gpus=[GpuOut(**asdict(gpu)) for gpu in view.gpus],
            work=work,
            last_seen=node.heartbeat_at,
        )


@router.get("/nodes", response=list[NodeOut])
def nodes(request: HttpRequest):
    """Every node with what it holds; runs of other teams have no names."""
    return [NodeOut.of(view) for view in nodes_overview(request.user)]


@router.post("/nodes/{node_id}/drain", response={202: NodeOut})
@once
def drain(request: HttpRequest, node_id: int):
    """The node takes nothing new; what runs there goes on to its end. For operators."""
    return _do(request, node_id, services.drain)


@router.post("/nodes/{node_id}/undrain", response={202: NodeOut})
@once
def undrain(request: HttpRequest, node_id: int):
    """The node takes runs again. For operators."""
    return _do(request, node_id, services.undrain)


def _do(request: HttpRequest, node_id: int, deed) -> Status:
    deed(request.user, get_object_or_404(visible_nodes(request.user), id=node_id))
    view = next(view for view in nodes_overview(request.user) if view.node.id == node_id)
    return Status(202, NodeOut.of(view))
