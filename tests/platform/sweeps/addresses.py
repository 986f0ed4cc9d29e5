"""Who may open the addresses of sweeps."""

from django.db.models import QuerySet

from sweeps.axes import Axis
from sweeps.models import Sweep, SweepRun
from sweeps.services import make_sweep
from teams.models import Team
from tests.platform.access import TEAM, Access
from tests.platform.lab import CONFIG, Lab

EXPERIMENT = {"experiment_id": "experiment"}
SWEEP = {"sweep_id": "sweep"}

GET_REFUSED = (302, 405, 405, 405, 405)
WRITERS_ASK = (302, 404, 403, 200, 200)
WRITERS_DO = (302, 404, 403, 302, 302)
# A form that says nothing comes back with what is to be put right.
WRITERS_ARE_TOLD = (302, 404, 403, 422, 422)

ACCESS = {
    "sweeps": [Access(TEAM, kwargs=EXPERIMENT)],
    "seeds": [Access(TEAM, kwargs=EXPERIMENT)],
    "sweep_preview": [
        Access(GET_REFUSED, kwargs=EXPERIMENT),
        Access(WRITERS_ASK, kwargs=EXPERIMENT, post={}),
    ],
    "sweep_review": [
        Access(GET_REFUSED, kwargs=EXPERIMENT),
        Access(WRITERS_ARE_TOLD, kwargs=EXPERIMENT, post={"axes": "seed: 1"}),
    ],
    "sweep_new": [
        Access(GET_REFUSED, kwargs=EXPERIMENT),
        Access(WRITERS_ARE_TOLD, kwargs=EXPERIMENT, post={"axes": "seed: 1"}),
    ],
    "sweep": [Access(TEAM, kwargs=SWEEP)],
    "sweep_results": [Access(TEAM, kwargs=SWEEP)],
    "sweep_cancel": [
        Access(GET_REFUSED, kwargs=SWEEP),
        Access(WRITERS_DO, kwargs=SWEEP, post={}),
    ],
    "sweep_seeds": [
        Access(GET_REFUSED, kwargs=SWEEP),
        Access(WRITERS_DO, kwargs=SWEEP, post={"seeds": "7"}),
        Access(WRITERS_ARE_TOLD, kwargs=SWEEP, post={"seeds": "many"}),
    ],
}


def make_things(lab: Lab) -> dict:
    axes = [Axis("optimizer.lr", (1e-5, 1e-4))]
    sweep = make_sweep(lab.owner, lab.experiment, "Rates", "sandbox-flow-dppo", CONFIG, axes, [0])
    return {"sweep": sweep.id}


def rows_of(team: Team) -> list[QuerySet]:
    sweeps = Sweep.objects.filter(experiment__team=team)
    return [sweeps, SweepRun.objects.filter(sweep__in=sweeps)]
