"""The dry run of a reward configuration: a handful of pictures, scored before anything is queued."""

from collections.abc import Sequence

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.evaluation.picture_files import save_picture
from flowdppo_engine.events import Sample, Samples
from flowdppo_engine.jobs.pictures import DrawnPictures, GivenPictures, Pictures, Wanted, known_prompts
from flowdppo_engine.jobs.specs import ScoreJob
from flowdppo_engine.jobs.spread import summarize
from flowdppo_engine.jobs.work import Desk
from flowdppo_engine.prompt_checks import find_unscored
from flowdppo_engine.prompts import Prompt, load_prompts
from flowdppo_engine.rewards.registry import make_reward_suite
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training.joining import make_accelerator

FOLDER = "samples"
NUM_DIGITS = 6
THESE = "of this dry run"


def score(job: ScoreJob, desk: Desk) -> None:
    """Tell each picture's rewards as they come, and at the end what they say together.

    A reward's value is what training would maximise, before its weight. Pictures that an earlier start has told of
    are not scored again.
    """
    wanted = wanted_pictures(job)
    prompts = [one.prompt for one in wanted]
    for problem in find_unscored(job.config, THESE, prompts):
        raise BadConfig(problem)
    desk.progress(1)[0].tell("load", 0, 1, "rewards")
    suite = make_reward_suite(job.config, make_accelerator().device)
    scoring = Scoring(desk, suite.applying_to(prompts))
    scoring.run(job, wanted)
    left_out = [name for name in suite.names if name not in scoring.suite.names]
    samples = [scoring.told[one.index] for one in wanted]
    desk.reporter.emit(summarize(samples, suite.weights, scoring.seconds, left_out))


def wanted_pictures(job: ScoreJob) -> list[Wanted]:
    """What to score, in order. Raises BadConfig where a prompt set cannot be read."""
    known = known_prompts(job.config)
    if job.given:
        return [
            Wanted(index, known.get(one.prompt, Prompt(one.prompt)), file=one.file)
            for index, one in enumerate(job.given)
        ]
    prompts = [known.get(text, Prompt(text)) for text in job.prompts]
    prompts = prompts or load_prompts(job.config.prompts.train)[: job.num_prompts]
    pairs = [(prompt, seed) for prompt in prompts for seed in range(job.images_per_prompt)]
    return [Wanted(index, prompt, seed) for index, (prompt, seed) in enumerate(pairs)]


class Scoring:
    """Scores pictures in batches. `told` are the samples by index, `seconds` what each reward took for an image."""

    def __init__(self, desk: Desk, suite: RewardSuite):
        self.suite = suite
        self.seconds: dict[str, float] = {}
        self.told = {one.index: one for event in desk.told if isinstance(event, Samples) for one in event.samples}
        self._desk = desk
        self._folder = desk.folder / FOLDER
        self._folder.mkdir(exist_ok=True)

    def run(self, job: ScoreJob, wanted: Sequence[Wanted]) -> None:
        todo = [one for one in wanted if one.index not in self.told]
        if not todo:
            return
        progress, pace = self._desk.progress(len(wanted))
        pictures = self._pictures(job, todo)
        pace.begin(len(self.told))
        for some in _batches(todo, job):
            progress.iteration = len(self.told)
            progress.tell("evaluate", len(self.told), len(wanted), "pictures")
            self._score(pictures, some, share=1 / len(todo))

    def _pictures(self, job: ScoreJob, todo: Sequence[Wanted]) -> Pictures:
        if job.given:
            return GivenPictures(self._desk.folder, job.config.model.image_size)
        texts = [one.prompt.text for one in todo]
        return DrawnPictures(job.config, texts, self._desk.folder, self._desk.progress(len(texts))[0])

    def _score(self, pictures: Pictures, some: Sequence[Wanted], share: float) -> None:
        images = pictures.get(some)
        scored = self.suite.measure(images, [one.prompt for one in some])
        for name, busy in scored.busy_seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + busy * share
        samples = []
        for row, one in enumerate(some):
            path = save_picture(images[row], self._folder / f"{one.index:04d}").relative_to(self._desk.folder)
            rewards = {name: round(float(values[row]), NUM_DIGITS) for name, values in scored.rewards.items()}
            at = {"index": one.index, "prompt": one.prompt.text, "seed": one.seed}
            samples.append(Sample(**at, path=path.as_posix(), rewards=rewards))
        self._desk.reporter.emit(Samples(iteration=0, step=0, samples=samples))
        self.told |= {sample.index: sample for sample in samples}


def _batches(todo: Sequence[Wanted], job: ScoreJob) -> list[Sequence[Wanted]]:
    """No larger than the pictures of a prompt, so that some are there to look at while the others are drawn."""
    at_once = len(todo) if job.given else job.images_per_prompt
    size = min(job.config.evaluation.batch_size, at_once)
    return [todo[start : start + size] for start in range(0, len(todo), size)]
