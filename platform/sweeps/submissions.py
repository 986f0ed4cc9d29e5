"""A sweep as it was described in the form of a new run."""

from dataclasses import dataclass

from fleet import targets
from fleet.snapshot import SMALL_MODEL
from jobs.trying import LONG_HOURS, TryFirst
from runs.run_entry import Entry, entry_of_post
from sweeps.axes import AxesInvalid, parse_axes, parse_seeds
from sweeps.plans import SweepPlan, plan_sweep
from teams.models import Team, User


@dataclass(frozen=True)
class Submission:
    """What was sent, and the plan of the sweep that it describes; None where something is to be put right first."""

    entry: Entry
    data: dict | None = None
    plan: SweepPlan | None = None
    messages: tuple[str, ...] = ()

    @property
    def is_asked_for(self) -> bool:
        """Whether a sweep is described at all."""
        data = self.entry.form.data
        return bool(data.get("axes", "").strip() or data.get("seeds", "").strip())

    @property
    def tries_first(self) -> bool:
        """Whether the first step of each point is tried before; `is_long` of jobs.trying, for the mean of the runs."""
        wish = self.entry.form.cleaned_data["try_first"]
        if wish != TryFirst.IF_LONG:
            return wish == TryFirst.ALWAYS
        if self.plan.gpu_hours is None:
            return self.data["model"]["source"] != SMALL_MODEL
        return self.plan.hours_in_turn / self.plan.num_runs > LONG_HOURS


def read_submission(user: User, team: Team, post) -> Submission:
    """The sweep in a form that was sent (a QueryDict), with every point of it checked."""
    entry, config = entry_of_post(user, post).judged()
    if config is None:
        return Submission(entry, messages=("Put the form right first: the list beside it says what.",))
    if not entry.form.is_valid():
        return Submission(entry, messages=tuple(text for some in entry.form.errors.values() for text in some))
    data = config.model_dump(mode="json")
    try:
        axes = parse_axes(post.get("axes", ""), data)
        seeds = parse_seeds(post.get("seeds", ""), config.seed)
        if not axes and len(seeds) < 2:
            raise AxesInvalid(["Nothing varies: give a knob some values, or more than one seed."])
        num_gpus = entry.form.cleaned_data["num_gpus"]
        if refused := targets.refusals(team, num_gpus, data):
            raise AxesInvalid(refused)
        plan = plan_sweep(team, data, axes, seeds, num_gpus)
    except AxesInvalid as invalid:
        return Submission(entry, data, messages=tuple(invalid.messages))
    return Submission(entry, data, plan)
