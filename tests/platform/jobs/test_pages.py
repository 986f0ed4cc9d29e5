"""Asking for jobs in the browser, and what their pages show."""

import json

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.contents import model_content, prompts_content, rewards_content
from catalog.services import create_item
from flowdppo_engine import events
from jobs import services
from jobs.models import Job, JobState, Kind
from runs.models import Run
from tests.platform.fleet.machines import add_node
from tests.platform.forms import fields_of
from tests.platform.jobs.laboratory import finish, queue, reward, samples, scored
from tests.platform.jobs.pictures import picture

SANDBOX = "sandbox-flow-dppo"
REWARDS = [{"name": "jpeg_compressibility", "weight": 1.0}]


@pytest.fixture
def version(lab):
    return create_item(lab.owner, lab.team, "Small files", rewards_content(REWARDS))


@pytest.fixture
def form(lab, member) -> dict:
    """The form of a new run as the browser would send it."""
    return fields_of(member.get(reverse("run_new", args=[lab.experiment.id])).text)


def ask(member, lab, **fields):
    known = {"config": json.dumps({"rewards": REWARDS}), "name": "Small files", "source": "drawn", "base": SANDBOX}
    return member.post(reverse("dry_run", args=[lab.team.id]), known | fields)


def test_from_the_catalogue_to_a_queued_dry_run(lab, member, version):
    page = member.get(reverse("catalogue_item", args=[version.item_id])).text
    address = reverse("dry_run_of_version", args=[version.id])
    assert address in page
    fields = fields_of(member.get(address).text)
    response = member.post(reverse("dry_run", args=[lab.team.id]), fields)
    job = Job.objects.get()
    assert response["Location"] == reverse("job", args=[job.id])
    assert (job.kind, job.name, job.team, job.created_by) == (
        Kind.SCORE, "Dry run of Small files v1", lab.team, lab.member,
    )  # fmt: skip
    config = job.payload["config"]
    assert [one["name"] for one in config["rewards"]] == ["jpeg_compressibility"]
    assert config["evaluation"]["prompt_sets"] == [] and job.payload["images_per_prompt"] == 4
    assert not job.needs_gpu and lab.team.audit_entries.first().verb == "queued"


def test_from_the_form_of_a_run_with_what_was_typed(lab, member, form):
    response = member.post(reverse("dry_run_of_form", args=[lab.experiment.id]), form | {"config.seed": "7"})
    assert response.status_code == 200
    fields = fields_of(response.text)
    assert "base" not in fields and json.loads(fields["config"][0])["seed"] == 7
    member.post(reverse("dry_run", args=[lab.team.id]), fields | {"images_per_prompt": "2", "prompts": "a\nb"})
    payload = Job.objects.get().payload
    assert (payload["config"]["seed"], payload["prompts"], payload["images_per_prompt"]) == (7, ["a", "b"], 2)


def test_one_step_of_what_stands_in_the_form(lab, member, form):
    address = reverse("preflight_of_form", args=[lab.experiment.id])
    assert address in member.get(reverse("run_new", args=[lab.experiment.id])).text
    response = member.post(address, form | {"name": "mine", "config.seed": "7"})
    job = Job.objects.get()
    assert response["Location"] == reverse("job", args=[job.id])
    assert (job.kind, job.name, job.payload["config"]["seed"], job.run) == (
        Kind.PREFLIGHT, "First step of mine", 7, None,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["preflight_of_form", "dry_run_of_form"])
def test_a_form_that_does_not_fit_is_to_be_put_right_first(lab, member, form, name):
    response = member.post(reverse(name, args=[lab.experiment.id]), form | {"config.seed": "-1"})
    assert response.status_code == 422 and "seed: “-1” does not fit" in response.text
    assert not Job.objects.exists()


@pytest.mark.parametrize(("wish", "awaits"), [("always", True), ("never", False), ("if_long", False), ("", False)])
def test_a_run_is_submitted_with_its_first_step_to_be_tried(lab, member, form, wish, awaits):
    response = member.post(reverse("run_new", args=[lab.experiment.id]), form | {"name": "tried", "try_first": wish})
    run = Run.objects.get(name="tried")
    assert (run.awaits_preflight, run.jobs.count()) == (awaits, int(awaits))
    page = member.get(response["Location"]).text
    assert (reverse("run_first_step", args=[run.id]) in page) == awaits
    if awaits:
        job = run.jobs.get()
        assert member.get(reverse("run_first_step", args=[run.id]))["Location"] == reverse("job", args=[job.id])
        assert "Skip the try" in member.get(reverse("job", args=[job.id])).text


def test_uploaded_pictures_are_kept_under_the_job_as_new_files(lab, member):
    response = ask(
        member, lab, source="given", prompts="a cat", pictures=[picture("../../b.png"), picture("a.jpg", kind="JPEG")]
    )
    assert response.status_code == 302
    job = Job.objects.get()
    assert job.payload["given"] == [
        {"file": "inputs/0000.png", "prompt": "a cat"}, {"file": "inputs/0001.png", "prompt": "a cat"},
    ]  # fmt: skip
    from django.core.files.storage import default_storage

    assert all(default_storage.exists(f"{job.folder}/{one['file']}") for one in job.payload["given"])
    again = services.again(lab.member, job)
    assert all(default_storage.exists(f"{again.folder}/{one['file']}") for one in again.payload["given"])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"source": "given", "prompts": "a"}, "Choose up to 16 pictures."),
        ({"source": "given", "pictures": [picture()]}, "Say what they were drawn for"),
        ({"source": "given", "prompts": "a", "pictures": [picture("x.txt", kind="GIF")]}, "“x.txt” is no picture"),
        ({"num_prompts": "16", "images_per_prompt": "16"}, "That makes 256 pictures"),
        ({"num_prompts": "0"}, "greater than or equal to 1"),
        ({"base": "nonsense"}, "nonsense is not one of the available choices"),
        ({"prompts": "x" * 2001}, "more than 2000 characters"),
        ({"config": "{"}, "got lost on the way"),
        ({"config": json.dumps({"rewards": [{"name": "nonsense"}]})}, "Choose one of the list"),
        ({"config": json.dumps({"rewards": REWARDS, "prompts": {"train": "/etc/passwd"}})}, "is no prompt set"),
        ({"config": json.dumps({"rewards": REWARDS, "model": {"source": "/root"}})}, "is no model"),
    ],
)
def test_what_is_to_be_put_right_is_said(lab, member, fields, message):
    response = ask(member, lab, **fields)
    assert response.status_code == 422 and message in response.text and not Job.objects.exists()


def test_prompt_sets_are_the_teams_own(lab, member):
    own = create_item(lab.owner, lab.team, "Cats", prompts_content("a cat\na dog"))
    theirs = create_item(lab.stranger, lab.stranger.teams.get(), "Theirs", prompts_content("a bird"))
    assert ask(member, lab, prompt_set=theirs.reference).status_code == 422
    config = json.dumps({"rewards": REWARDS, "prompts": {"train": theirs.reference}})
    response = ask(member, lab, config=config)
    assert response.status_code == 422 and "is no prompt set of Lab" in response.text
    assert ask(member, lab, prompt_set=own.reference, base="sandbox-flow-dppo").status_code == 302
    assert Job.objects.get().payload["config"]["prompts"]["train"] == own.reference


def test_a_team_cannot_fill_the_queue(lab, member, monkeypatch):
    monkeypatch.setattr(services, "MAX_LIVE", 1)
    assert ask(member, lab).status_code == 302
    response = ask(member, lab)
    assert response.status_code == 422 and "1 jobs waiting or at work" in response.text
    job = finish(queue_another(lab, monkeypatch))
    again = member.post(reverse("job_again", args=[job.id]))
    assert again["Location"] == reverse("job", args=[job.id])
    assert "cancel some, or wait" in str(list(get_messages(again.wsgi_request))[0])


def queue_another(lab, monkeypatch) -> Job:
    with monkeypatch.context() as patched:
        patched.setattr(services, "MAX_LIVE", 99)
        return queue(lab)


def test_the_page_of_a_queued_job_says_what_it_waits_for(member, job):
    add_node("node")
    page = member.get(reverse("job", args=[job.id])).text
    assert "First in line" in page and reverse("job_status", args=[job.id]) in page


def test_the_page_of_a_job_at_work_says_how_far_it_is(member, job):
    at_work = {"state": JobState.RUNNING, "num_attempts": 1, "phase": "evaluate", "phase_done": 4, "phase_total": 16}
    Job.objects.filter(id=job.id).update(**at_work, phase_unit="pictures", seconds_left=75.0)
    page = member.get(reverse("job_status", args=[job.id])).text
    assert "drawing and scoring" in page and "4 of 16 pictures" in page and "about 1 min left" in page


def test_the_page_of_a_dry_run_shows_rewards_pictures_and_what_to_look_at_twice(member, job):
    finish(job, samples(), scored(reward(num_alike_groups=1, group_std=0.0), num_alike_groups=1))
    page = member.get(reverse("job", args=[job.id])).text
    assert "Look twice" in page and "it teaches nothing" in page and "hx-trigger" not in page
    first, second = (page.index(reverse("job_picture", args=[job.id, index])) for index in (1, 0))
    assert first < second
    assert member.get(reverse("job_picture", args=[job.id, 0]))["Content-Type"] == "image/png"
    small = member.get(reverse("job_thumbnail", args=[job.id, 0]))
    assert small["Content-Type"] == "image/webp" and len(small.content) <= 25_000
    assert member.get(reverse("job_picture", args=[job.id, 2])).status_code == 404


def test_an_engine_cannot_have_another_file_shown(member, job):
    finish(job, samples())
    result = json.loads(json.dumps(job.result).replace("samples/0.png", "../../secret.png"))
    Job.objects.filter(id=job.id).update(result=result)
    assert member.get(reverse("job_picture", args=[job.id, 0])).status_code == 404


def test_the_page_of_a_first_step_tells_memory_and_time(lab, member, form):
    member.post(reverse("preflight_of_form", args=[lab.experiment.id]), form)
    seconds = {"update": 5.0, "rollout": 3.0, "another": 1.0}
    tried = events.Tried(
        device="NVIDIA H100", peak_memory_gib=31.4, device_memory_gib=79.2, num_images=16, seconds=seconds,
        seconds_per_iteration=8.0, seconds_for_run=7200.0,
    )  # fmt: skip
    job = finish(Job.objects.get(), events.Log(level="warning", message="Mind the gap."), tried)
    page = member.get(reverse("job", args=[job.id])).text
    for part in ("31.4 GiB", "of 79.2", "NVIDIA H100", "about 8 s", "about 2 h", "Mind the gap."):
        assert part in page
    assert page.index("Rollout") < page.index("Update") < page.index("Another")


def test_a_job_that_failed_says_why_and_can_be_started_once_more(member, job):
    Job.objects.filter(id=job.id).update(state=JobState.FAILED, error="It broke.", hint="Mend it.")
    page = member.get(reverse("job", args=[job.id])).text
    assert "It broke." in page and "Mend it." in page
    member.post(reverse("job_again", args=[job.id]))
    copy = Job.objects.exclude(id=job.id).get()
    assert (copy.payload, copy.state, copy.name) == (job.payload, JobState.QUEUED, job.name)


def test_viewers_look_and_have_no_buttons(lab, as_person, job):
    page = as_person(lab.viewer).get(reverse("job", args=[job.id])).text
    assert job.name in page and reverse("job_cancel", args=[job.id]) not in page


def test_lists_are_paged_and_make_no_more_queries_as_they_grow(lab, member, monkeypatch):
    monkeypatch.setattr("jobs.selectors.PAGE_SIZE", 3)
    jobs = [queue(lab) for _ in range(2)]
    with CaptureQueriesContext(
        connection,
    ) as few:
        member.get(reverse("jobs"))
    jobs += [queue(lab) for _ in range(3)]
    with CaptureQueriesContext(connection) as more:
        page = member.get(reverse("jobs")).text
    assert len(few) == len(more)
    assert [str(job.id) in page for job in jobs] == [False, False, True, True, True]
    later = member.get(reverse("jobs"), {"before": str(jobs[2].id)}).text
    assert [str(job.id) in later for job in jobs] == [True, True, False, False, False]
    assert "Earlier jobs" in page and "Earlier jobs" not in later


def test_a_base_model_of_the_catalogue_draws_as_the_recipes_of_its_family(lab, member):
    fields = {"family": "sd3", "source": "owner/model", "revision": None}
    own = create_item(lab.owner, lab.team, "Ours", model_content(fields))
    theirs = create_item(lab.stranger, lab.stranger.teams.get(), "Theirs", model_content(fields))
    assert ask(member, lab, base=f"version:{theirs.id}").status_code == 422
    assert ask(member, lab, base=f"version:{own.id}", prompts="a cat").status_code == 302
    job = Job.objects.get()
    assert job.payload["config"]["model"]["source"] == "owner/model" and job.needs_gpu


def test_what_a_recipe_names_and_is_not_here_is_said(lab, member):
    response = ask(member, lab, base="sd3.5-flow-dppo")
    assert response.status_code == 422 and "geneval2-train.jsonl" in response.text
    assert ask(member, lab, base="sd3.5-flow-dppo", prompts="a cat").status_code == 302
    assert ask(member, lab, base="").status_code == 422
