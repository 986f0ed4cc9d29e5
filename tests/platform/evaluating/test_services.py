"""What is queued when somebody asks for an evaluation, and what is refused."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from catalog.contents import prompts_content, rewards_content
from catalog.services import create_item
from evaluating import services, wishes
from evaluating.costs import cost_of
from evaluating.wishes import config_of
from flowdppo_engine.config import RunConfig
from jobs.models import Job
from runs.config_errors import ConfigInvalid
from teams.models import AuditEntry
from tests.platform.evaluating.laboratory import SETS, make_run, queue, wish


def test_it_names_the_checkpoints_and_has_the_runs_configuration_with_what_was_chosen(lab):
    run, checkpoints = make_run(lab, 20, 40)
    job = queue(lab, run, *checkpoints, guidance_scale=2.5)
    assert (job.kind, job.run, job.state, job.needs_gpu) == ("evaluate", run, "queued", False)
    assert [(one["iteration"], one["folder"]) for one in job.payload["checkpoints"]] == [
        (20, "checkpoints/step-000040"),
        (40, "checkpoints/step-000080"),
    ]
    assert set(job.checkpoints.all()) == set(checkpoints) and job.payload["seeds"] == [0, 1]
    evaluation = job.payload["config"]["evaluation"]
    assert (evaluation["num_prompts"], evaluation["num_denoising_steps"], evaluation["guidance_scale"]) == (3, 4, 2.5)
    assert evaluation["prompt_sets"] == list(SETS) and job.payload["config"]["model"] == run.config["model"]
    assert AuditEntry.objects.filter(team=lab.team, detail=str(job.id)).count() == 1


def test_rewards_of_the_catalogue_take_the_place_of_the_runs(lab):
    run, _ = make_run(lab)
    rewards = rewards_content([{"name": "jpeg_compressibility"}]).data
    config = config_of(run, wish(rewards=rewards))
    assert [reward.name for reward in config.rewards] == ["jpeg_compressibility"]


def test_it_does_not_matter_whether_the_training_prompts_could_be_scored(lab):
    """Questions are asked of the evaluated prompts, not of those that the run trained on."""
    plain = create_item(lab.owner, lab.team, "Plain", prompts_content("a cat\na dog")).reference
    run, _ = make_run(lab)
    run.config = run.config | {"prompts": {"train": plain}}
    assert config_of(run, wish()).evaluation.prompt_sets == SETS
    with pytest.raises(ConfigInvalid, match="plain"):
        config_of(run, wish(prompt_sets=(plain,), rewards=[{"name": "sandbox_soft_tifa"}]))


def test_viewers_and_strangers_may_not(lab):
    run, _ = make_run(lab)
    for person in (lab.viewer, lab.stranger):
        with pytest.raises(PermissionDenied):
            services.evaluate(person, run, wish())
    assert not Job.objects.exists()


def test_another_teams_prompts_are_refused(lab):
    run, _ = make_run(lab)
    theirs = lab.stranger.memberships.get().team
    foreign = create_item(lab.stranger, theirs, "Theirs", prompts_content("a cat\na dog")).reference
    with pytest.raises(ConfigInvalid, match="no prompt set of Lab"):
        services.evaluate(lab.member, run, wish(prompt_sets=(foreign,), rewards=[{"name": "jpeg_compressibility"}]))


def test_a_file_of_the_server_is_no_prompt_set(lab):
    run, _ = make_run(lab)
    with pytest.raises(ConfigInvalid, match="is no prompt set"):
        services.evaluate(lab.member, run, wish(prompt_sets=("/etc/passwd",)))


def test_too_much_is_refused_with_the_number(lab, monkeypatch):
    monkeypatch.setattr(services, "MAX_PICTURES", 11)
    run, checkpoints = make_run(lab, 20)
    with pytest.raises(ValidationError, match="That makes 24 pictures"):
        queue(lab, run, *checkpoints)


def test_the_pictures_are_counted_and_the_passes_timed(lab, monkeypatch):
    """12 prompts of which 8 have their KL measured: the base model is asked at each of their steps."""
    run, _ = make_run(lab)
    config = config_of(run, wish(num_prompts=6, guidance_scale=3.0))
    config = RunConfig.model_validate(config.model_dump() | {
        "evaluation": config.evaluation.model_dump() | {"num_drift_prompts": 4}
    })  # fmt: skip
    assert cost_of(lab.team, config, 2, 2).seconds is None
    summary = {"time/images_per_second": config.rollout.num_images}
    type(run).objects.filter(id=run.id).update(summary=summary)
    run.refresh_from_db()
    cost = cost_of(lab.team, config, 2, 2)
    assert (cost.num_policies, cost.num_prompts, cost.num_pictures) == (3, 12, 72)
    from flowdppo_engine.planning.cost import RunCost

    seconds_a_pass = 1 / RunCost(RunConfig.model_validate(run.config)).units_per_iteration
    assert cost.seconds == pytest.approx((3 * 12 + 2 * 8) * 2 * 4 * 2 * seconds_a_pass)


def test_defaults_are_what_the_runs_own_evaluations_do(lab):
    run, _ = make_run(lab)
    config = run.config | {"evaluation": run.config["evaluation"] | {"num_prompts": 10**6}}
    assert wishes.defaults_of(config)["num_prompts"] == wishes.MAX_PROMPTS
    assert wishes.defaults_of(config)["prompt_sets"] == run.config["evaluation"]["prompt_sets"]
