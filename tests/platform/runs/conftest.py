"""A queued run to play with."""

import pytest

from flowdppo_engine.config import RunConfig
from runs.models import Experiment, Run
from teams.models import Team


@pytest.fixture
def experiment(db) -> Experiment:
    team = Team.objects.create(name="Team", slug="team")
    return Experiment.objects.create(team=team, name="Experiment")


@pytest.fixture
def run(experiment) -> Run:
    config = RunConfig().model_dump(mode="json")
    return Run.objects.create(experiment=experiment, name="run", recipe="sandbox-smoke", config=config)
