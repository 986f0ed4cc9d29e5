"""`flowdppo` as a process of its own, against the platform as `make run` starts it; only the engine pretends."""

import csv
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from PIL import Image

from flowdppo_engine.training.stopping import STOP_FILE
from tests.platform.exporting.hub import Hub
from tests.platform.stack.running_platform import ROOT, Platform

pytestmark = pytest.mark.timeout(2400)


@dataclass(frozen=True)
class CommandLine:
    """The command line of one account on one machine."""

    home: Path

    def __call__(self, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self._command(arguments), env=self._env(environment), input=given, capture_output=True, text=True, cwd=ROOT
        )

    def start(self, *arguments: str) -> subprocess.Popen:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self._command(arguments), env=self._env({}), stdout=pipe, stderr=pipe, text=True, cwd=ROOT
        )

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "flowdppo_engine.client", *arguments]

    def _env(self, more: dict) -> dict:
        mine = {key: text for key, text in os.environ.items() if not key.startswith(("FLOWDPPO_", "DJANGO_"))}
        return mine | {"XDG_CONFIG_HOME": str(self.home), "NO_PROXY": "127.0.0.1"} | more


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[Hub]:
    with Hub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture(scope="module")
def platform(hub) -> Iterator[Platform]:
    # Not pytest's folder: PostgreSQL's own account may not pass through it.
    with tempfile.TemporaryDirectory(prefix="flowdppo-cli-") as folder:
        engine = f"{sys.executable},-m,tests.worker.fake_engine"
        environment = {"FLOWDPPO_ENGINE_COMMAND": engine, "FAKE_ENGINE": '{"hold_at": 6}', "HF_ENDPOINT": hub.url}
        started = Platform(Path(folder) / "data", **environment)
        started.start()
        try:
            yield started
        finally:
            started.end()


@pytest.fixture(scope="module")
def address(platform) -> str:
    return platform.wait_until_up().rstrip("/")


@pytest.fixture(scope="module")
def token(platform, address) -> str:
    return platform.make_token("write")


@pytest.fixture
def flowdppo(tmp_path, address, token) -> CommandLine:
    command_line = CommandLine(tmp_path / "config")
    done = command_line("login", address, given=f"{token}\n")
    assert done.returncode == 0, done.stderr
    return command_line


def submit(flowdppo: CommandLine, *more: str) -> str:
    done = flowdppo("submit", "First light", "--recipe", "sandbox-smoke", "--set", "iterations=9", *more)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def let_go(platform: Platform, run_id: str) -> Path:
    """The run's folder, once its engine waits, and goes on."""
    folder = platform.data_dir / "files" / "runs" / run_id
    platform.wait_for((folder / "held").exists, "the engine to wait")
    (folder / "go").touch()
    return folder


@pytest.fixture(scope="module")
def first_run_is_over(platform, address) -> None:
    """The demo run leaves the node to others."""
    ((run_id,),) = platform.query("SELECT id FROM runs_run WHERE name = 'First light'")
    let_go(platform, str(run_id))


def test_the_token_is_kept_where_nobody_else_reads_it(flowdppo, tmp_path, token, address):
    (file,) = (tmp_path / "config" / "flowdppo").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == {"server": address, "token": token}
    said = flowdppo("login", address, given=token)
    assert "demo@example.org" in said.stdout and token not in said.stdout + said.stderr
    assert flowdppo("logout").returncode == 0
    refused = flowdppo("list")
    assert refused.returncode == 3 and "flowdppo login" in refused.stderr


def test_a_submitted_run_is_listed_and_shown(flowdppo, address):
    run_id = submit(flowdppo, "--name", "listed")
    listed = json.loads(flowdppo("list", "--name", "listed", "--json").stdout)
    assert [(run["id"], run["recipe"], run["total_iterations"]) for run in listed] == [(run_id, "sandbox-smoke", 9)]
    assert run_id in flowdppo("list", "--experiment", "First light").stdout
    shown = flowdppo("show", "listed").stdout
    assert run_id in shown and f"{address}/runs/{run_id}/" in shown
    assert json.loads(flowdppo("show", run_id, "--json").stdout)["config"]["iterations"] == 9
    # Whether a worker has taken it by now is the platform's business.
    said = flowdppo("cancel", run_id).stdout
    assert said in ("listed: cancelled.\n", "listed: asked to stop.\n")
    assert "sandbox-smoke" in flowdppo("recipes").stdout
    assert "First light" in flowdppo("experiments").stdout


def test_a_run_is_watched_and_followed_to_its_end(flowdppo, platform, first_run_is_over):
    run_id = submit(flowdppo)
    watching = flowdppo.start("watch", run_id, "--every", "0.2")
    following = flowdppo.start("logs", run_id, "-f", "--every", "0.2")
    let_go(platform, run_id)
    watched, complaints = watching.communicate()
    followed, _ = following.communicate()
    assert (watching.returncode, following.returncode, complaints) == (0, 0, "")
    for said in (watched, followed):
        lines = [line.split(" ", 1)[1] for line in said.splitlines() if " iteration " in line and "," not in line]
        assert lines == [f"iteration {number}" for number in range(1, 10)]
    assert watched.splitlines()[-1] == "finished, iteration 9 / 9"


def test_a_cancelled_run_is_told_by_the_exit_code(flowdppo, platform, first_run_is_over):
    run_id = submit(flowdppo, "--name", "to cancel")
    folder = platform.data_dir / "files" / "runs" / run_id
    platform.wait_for((folder / "held").exists, "the engine to wait")
    assert "asked to stop" in flowdppo("cancel", run_id).stdout
    done = flowdppo("watch", run_id, "--every", "0.2")
    assert (done.returncode, done.stderr) == (6, "to cancel was cancelled.\n")


def test_everything_of_a_run_is_pulled_once(flowdppo, platform, first_run_is_over, tmp_path):
    run_id = submit(flowdppo)
    folder = let_go(platform, run_id)
    assert flowdppo("watch", run_id, "--every", "0.2").returncode == 0
    (folder / "samples").mkdir()
    for number in (4, 8, 9):
        Image.new("RGB", (4, 4)).save(folder / f"samples/{number}.png")
        (folder / f"checkpoints/step-{2 * number:06d}/weights").write_text(f"of {number}")
    home = tmp_path / "home"
    done = flowdppo("pull", run_id, "--to", str(home), "--format", "csv")
    assert done.returncode == 0, done.stderr
    weights = {path.parent.name: path.read_text() for path in home.glob("checkpoints/*/weights")}
    assert weights == {"step-000008": "of 4", "step-000016": "of 8", "step-000018": "of 9"}
    samples = [json.loads(line) for line in (home / "samples.jsonl").read_text().splitlines()]
    assert [sample["file"] for sample in samples] == [f"samples/step-{2 * n:06d}/000.png" for n in (4, 8, 9)]
    assert all((home / sample["file"]).read_bytes().startswith(b"\x89PNG") for sample in samples)
    rows = list(csv.DictReader((home / "metrics.csv").open()))
    rewards = [(int(row["iteration"]), float(row["value"])) for row in rows if row["key"] == "reward/mean"]
    assert rewards == [(number, number / 7) for number in range(1, 10)]
    assert "iterations: 9" in (home / "config.yaml").read_text()
    assert not list(home.rglob("*.part")) and not list(home.rglob("*.zip"))
    before = {path: path.stat().st_mtime_ns for path in home.glob("*/*/*")}
    again = flowdppo("pull", run_id, "--to", str(home), "--what", "samples", "--what", "checkpoints")
    assert again.returncode == 0 and {path: path.stat().st_mtime_ns for path in home.glob("*/*/*")} == before


def test_a_checkpoint_goes_out_into_a_folder_and_onto_the_hub(flowdppo, platform, hub, first_run_is_over, tmp_path):
    run_id = submit(flowdppo, "--name", "to go out")
    folder = let_go(platform, run_id)
    assert flowdppo("watch", run_id, "--every", "0.2").returncode == 0
    lora = "pytorch_lora_weights.safetensors"
    (folder / "checkpoints" / "step-000018" / lora).write_bytes(b"weights")
    home = tmp_path / "home"
    done = flowdppo("card", "to go out", "--to", str(home), "--licence", "mit")
    assert (done.stdout, done.stderr) == (f"{home}\n", "")
    assert (home / lora).read_bytes() == b"weights" and "license: mit" in (home / "README.md").read_text()

    unknown = flowdppo("push", run_id, "lab/mine", "--licence", "mit", "--every", "0.2", given="hf_unknown\n")
    assert unknown.returncode == 1 and "The Hub does not know this token" in unknown.stderr
    pushed = flowdppo("push", run_id, "lab/mine", "--licence", "mit", "--every", "0.2", HF_TOKEN="hf_good")
    assert pushed.returncode == 0, pushed.stderr
    repository = hub.repository("lab/mine")
    assert pushed.stdout == f"{hub.url}/lab/mine/commit/{repository.head}\n" and repository.is_private
    sent = {name: content for name, content in repository.files().items() if not name.endswith((".svg", ".png"))}
    assert sent == {name: (home / name).read_bytes() for name in ("README.md", "config.yaml", lora)}
    assert "hf_good" not in platform.said() + pushed.stderr


def test_a_run_that_is_trained_elsewhere_is_reported_to_its_end(flowdppo, platform, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.yaml").write_text(flowdppo("check", "--recipe", "sandbox-smoke", "--set", "iterations=9").stdout)
    engine = [sys.executable, "-m", "tests.worker.fake_engine", "resume", str(folder)]
    options = os.environ | {"FAKE_ENGINE": '{"hold_at": 6}'}
    with subprocess.Popen(engine, cwd=ROOT, env=options) as training:
        nowhere = flowdppo("report", str(folder))
        assert nowhere.returncode == 2 and "give --experiment" in nowhere.stderr
        reporting = flowdppo.start("report", str(folder), "--experiment", "First light", "--every", "0.1")
        platform.wait_for((folder / "reported.json").exists, "the run to be registered")
        run_id = json.loads((folder / "reported.json").read_text())["run"]
        arrived = f"SELECT max(iteration) FROM runs_metricpoint WHERE run_id = '{run_id}'"
        platform.wait_for(lambda: platform.query(arrived) == [(5,)], "five iterations to arrive")
        (folder / "go").touch()
        reporting.communicate()
    assert (training.returncode, reporting.returncode) == (0, 0)
    shown = json.loads(flowdppo("show", run_id, "--json").stdout)
    assert (shown["state"], shown["iteration"], shown["name"]) == ("finished", 9, "mine")
    over = flowdppo("report", str(folder))
    assert over.returncode == 1 and "The run is finished" in over.stderr


def test_a_report_is_taken_home_and_shared(flowdppo, address, token, tmp_path):
    said = {"title": "What we found", "body": "Nothing yet."}
    made = httpx.post(f"{address}/api/v1/reports", json=said, headers={"Authorization": f"Bearer {token}"}).json()
    number = str(made["id"])
    assert "What we found" in flowdppo("reports").stdout
    taken = flowdppo("report-export", number, "--format", "pdf", "--to", str(tmp_path / "mine"))
    assert taken.stdout.strip() == str(tmp_path / "mine.pdf"), taken.stderr
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF-")
    flowdppo("report-export", number, "--to", str(tmp_path / "mine.html"))
    assert "Nothing yet." in (tmp_path / "mine.html").read_text()

    shared = flowdppo("share", "report", number, "--days", "7")
    assert "It shows the report “What we found” until" in shared.stderr
    assert "Nothing yet." in httpx.get(shared.stdout.strip()).text
    named = flowdppo("share", "run", "First light")
    assert "First light" in httpx.get(named.stdout.strip()).text
    assert flowdppo("share", "report", "findings").returncode == 2
    assert flowdppo("share", "report", number, "--days", "3000").returncode == 2


def test_a_sweep_is_planned_queued_and_exported(flowdppo, platform, first_run_is_over, tmp_path):
    made = flowdppo("make-experiment", "Rates")
    assert made.returncode == 0, made.stderr
    grid = ("Rates", "--recipe", "sandbox-smoke", "--set", "iterations=4", "--vary", "optimizer.lr=1e-4,1e-3")
    planned = flowdppo("sweep", *grid, "--seeds", "0,1", "--plan")
    assert (planned.returncode, planned.stdout) == (0, "") and planned.stderr.startswith("4 runs, ")
    queued = flowdppo("sweep", *grid, "--seeds", "0,1", "--name", "two rates")
    assert queued.returncode == 0, queued.stderr
    assert queued.stdout.strip() in flowdppo("sweeps", "Rates").stdout
    done = "SELECT count(*) FROM runs_run WHERE state = 'finished' AND total_iterations = 4"
    platform.wait_for(lambda: platform.query(done) == [(4,)], "the sweep to be done")
    where = flowdppo("list", "--experiment", "Rates", "--where", "optimizer.lr > 0.0005", "--json")
    assert len(json.loads(where.stdout)) == 2
    home = tmp_path / "home"
    exported = flowdppo("export", "Rates", "--to", str(home), "--format", "csv")
    assert exported.returncode == 0, exported.stderr
    rows = list(csv.DictReader((home / "runs.csv").open()))
    assert sorted((row["config.optimizer.lr"], row["config.seed"]) for row in rows) == [
        ("0.0001", "0"), ("0.0001", "1"), ("0.001", "0"), ("0.001", "1"),
    ]  # fmt: skip
    assert all((home / row["id"] / "metrics.csv").is_file() for row in rows)
    wrong = flowdppo("sweep", *grid[:3], "--vary", "optimizer.lr=-1,2")
    assert wrong.returncode == 2 and "Learning rate -1: “-1” does not fit" in wrong.stderr


def test_an_evaluation_is_asked_for_and_waited_for(flowdppo, platform, first_run_is_over):
    """This platform's engine only pretends at runs: of a job it dies."""
    run_id = submit(flowdppo, "--name", "evaluated")
    flowdppo("cancel", run_id)
    asked = flowdppo("evaluate", run_id, "--only-base", "--num-prompts", "2", "--every", "0.2")
    assert asked.returncode == 5 and "died 3 times" in asked.stderr
    assert "Evaluation of evaluated, base model: http" in asked.stderr
    refused = flowdppo("evaluate", run_id, "--checkpoint", "30")
    assert refused.returncode == 2 and "No checkpoint of iteration 30 is kept" in refused.stderr


def test_a_run_is_stopped_and_resumed(flowdppo, platform, first_run_is_over):
    run_id = submit(flowdppo, "--name", "to stop")
    folder = platform.data_dir / "files" / "runs" / run_id
    platform.wait_for((folder / "held").exists, "the engine to wait")
    (folder / "held").unlink()
    assert flowdppo("stop", run_id).stdout == "to stop: asked to stop after its next checkpoint.\n"
    platform.wait_for((folder / STOP_FILE).exists, "the engine to be told")
    (folder / "go").touch()
    done = flowdppo("watch", run_id, "--every", "0.2")
    assert (done.returncode, "flowdppo resume" in done.stderr) == (7, True)
    refused = flowdppo("priority", run_id, "high")
    assert refused.returncode and "This run is stopped: priority orders those that wait." in refused.stderr
    assert flowdppo("resume", run_id).stdout == "to stop: goes on.\n"
    assert flowdppo("watch", run_id, "--every", "0.2").returncode == 0
    assert flowdppo("continue", run_id, "11").stdout == "to stop: goes on.\n"
    assert flowdppo("watch", run_id, "--every", "0.2").returncode == 0
    assert json.loads(flowdppo("show", run_id, "--json").stdout)["iteration"] == 11


def test_what_does_not_fit_is_told_at_its_field_with_exit_code_2(flowdppo, tmp_path):
    wrong = flowdppo("submit", "First light", "--recipe", "sandbox-smoke", "--set", "iterations=-4")
    assert wrong.returncode == 2 and wrong.stderr.startswith("iterations: “-4” does not fit: give a whole number")
    assert flowdppo("submit", "First light", "--recipe", "nothing").stderr.startswith("recipe: There is no recipe")
    assert flowdppo("submit", "Nowhere", "--recipe", "sandbox-smoke").returncode == 2
    missing = flowdppo("check", "--config", str(tmp_path / "none.yaml"))
    assert missing.returncode == 2 and "none.yaml cannot be read" in missing.stderr
    file = tmp_path / "own.yaml"
    file.write_text("seed: 12\n")
    checked = flowdppo("check", "--recipe", "sandbox-smoke", "--config", str(file))
    assert checked.returncode == 0 and "seed: 12" in checked.stdout and "optimizer steps" in checked.stderr
    assert flowdppo("list", "--state", "asleep").returncode == 2


def test_other_refusals_have_codes_of_their_own(flowdppo, platform, address):
    unknown = flowdppo("list", FLOWDPPO_SERVER=address, FLOWDPPO_TOKEN="fdp_wrong")
    assert unknown.returncode == 3 and "make a new one" in unknown.stderr
    reader = {"FLOWDPPO_SERVER": address, "FLOWDPPO_TOKEN": platform.make_token("read")}
    assert flowdppo("list", **reader).returncode == 0
    refused = flowdppo("make-experiment", "Mine", **reader)
    assert refused.returncode == 1 and "scope write" in refused.stderr
    assert flowdppo("show", "00000000-0000-0000-0000-000000000000").returncode == 1
    away = flowdppo("list", FLOWDPPO_SERVER="http://127.0.0.1:9", FLOWDPPO_TOKEN="fdp_x")
    assert away.returncode == 4 and "does not answer" in away.stderr
    assert flowdppo("login", "nowhere", given="x").returncode == 2
    assert flowdppo("login", address, given="\n").returncode == 2


def test_it_imports_neither_django_nor_torch():
    code = "import sys, flowdppo_engine.client.commands; print({'django', 'torch', 'celery'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True).stdout == "set()\n"
