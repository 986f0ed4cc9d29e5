"""A policy read back from a run folder, to score it or to draw with it."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from flowdppo_engine.config import RunConfig
from flowdppo_engine.evaluation.evaluator import Evaluator
from flowdppo_engine.events import Score
from flowdppo_engine.models.base import FlowModel
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.prompt_checks import find_unscored
from flowdppo_engine.prompts import load_prompts
from flowdppo_engine.recipes import read_config
from flowdppo_engine.rewards.registry import make_reward_suite
from flowdppo_engine.training import checkpoints
from flowdppo_engine.training.history import History
from flowdppo_engine.training.joining import make_accelerator
from flowdppo_engine.training.run import CONFIG_FILE
from flowdppo_engine.training.state import EMA_FOLDER

BASE_MODEL = "sandbox"
BEST = "best"


@dataclass(frozen=True)
class Policy:
    """A model with the weights of `checkpoint`, None for the base model."""

    config: RunConfig
    model: FlowModel
    checkpoint: Path | None


def load_policy(source: str, checkpoint: str | None = None) -> Policy:
    """The policy of a run folder, with averaged weights where the run keeps them.

    Args:
        source: a run folder, or `sandbox` for the sandbox's base model as it is.
        checkpoint: the name of a checkpoint (`step-000040`), or `best` for the best that the run keeps; the latest
            whole one where it is left out, and the base model where there is none.

    Raises:
        ValueError: no run folder there, no such checkpoint, or a damaged one.
    """
    if source == BASE_MODEL:
        return Policy(RunConfig(), load_model(RunConfig().model, make_accelerator().device), None)
    config = read_config(Path(source) / CONFIG_FILE)
    folder = _find_checkpoint(Path(source), checkpoint)
    model = load_model(config.model, make_accelerator().device)
    if folder:
        model.add_lora(config.lora, config.seed)
        averaged = folder / EMA_FOLDER
        model.load_lora(averaged if averaged.exists() else folder)
    return Policy(config, model, folder)


def score_policy(policy: Policy, prompt_set: str) -> dict[str, Score]:
    """Scores as in the run's own evaluations. Raises ValueError for a set that is missing or cannot be scored."""
    prompts = load_prompts(prompt_set)
    for problem in find_unscored(policy.config, prompt_set, prompts):
        raise ValueError(problem)
    prompts = prompts[: policy.config.evaluation.num_prompts]
    with TemporaryDirectory() as folder:
        store = ConditionStore.encode(policy.model.encode_prompts, [prompt.text for prompt in prompts], Path(folder))
        return Evaluator(
            policy.config, policy.model, make_reward_suite(policy.config, policy.model.device), store
        ).score(prompts)


def _find_checkpoint(run_folder: Path, name: str | None) -> Path | None:
    if name is None:
        return checkpoints.find_latest_valid(run_folder).folder
    if name == BEST:
        return _find_best(run_folder)
    folder = run_folder / checkpoints.CHECKPOINTS / name
    if not folder.is_dir():
        there = ", ".join(path.name for path in checkpoints.list_checkpoints(run_folder)) or "none"
        raise ValueError(f"--checkpoint {name} does not exist in {run_folder}; there are: {there}.")
    try:
        checkpoints.verify(folder)
    except checkpoints.DamagedCheckpoint as damage:
        raise ValueError(f"--checkpoint {name} is damaged: {damage}.") from damage
    return folder


def _find_best(run_folder: Path) -> Path:
    """The best checkpoint that is whole. Raises ValueError where the run keeps none."""
    told = History.read(run_folder).best
    ranked = told[max(told)].checkpoints if told else []
    for place in ranked:
        folder = run_folder / place.path
        try:
            checkpoints.verify(folder)
        except checkpoints.DamagedCheckpoint:
            continue
        return folder
    raise ValueError(
        f"--checkpoint {BEST} does not exist in {run_folder}: a run keeps its best checkpoints where "
        "checkpoint.keep_best is not 0, from the first one on that was evaluated."
    )
