"""What the pages show beside the demo run: an evaluation, a comparison, a vote, a report, and a link to it."""

import json
from dataclasses import dataclass

from tests.platform.stack.running_platform import Platform

BEGIN = """
import json
from comparing.looking import Looking
from comparing.services import save_comparison
from evaluating.services import evaluate
from evaluating.wishes import Wish
from pictures.policies import PolicyRef, find_policies
from reports.services import create_report
from runs.models import Run, SampleKind
from sharing.services import share
from teams.models import User
from votes.drawn import read_drawn
from votes.models import Answer
from votes.services import answer, issue, start_vote

user = User.objects.get()
run = Run.objects.get(name="First light")
team = run.experiment.team
drawn = sorted(set(run.samples.filter(kind=SampleKind.FIXED).values_list("iteration", flat=True)))
"""

EVALUATION = """
kept = tuple(run.checkpoints.filter(removed=False).order_by("-iteration")[:2])
sets = ("sandbox:in_domain", "sandbox:out_of_domain")
job = evaluate(user, run, Wish(kept, sets, num_prompts=12, seeds=(0, 1), num_denoising_steps=8, guidance_scale=1.0))
print(job.id)
"""

REST = """
columns = [PolicyRef(run.id, iteration) for iteration in (0, drawn[len(drawn) // 2], drawn[-1])]
fixed = run.samples.filter(kind=SampleKind.FIXED)
score = run.config["rewards"][0]["name"]
at_start, at_end = (
    {one.index: one.rewards[score] for one in fixed.filter(iteration=column.iteration)}
    for column in (columns[0], columns[-1])
)
# The prompt that training has changed most is worth looking at.
most = max(at_start, key=lambda index: at_end[index] - at_start[index])
items = [f"s{fixed.get(index=most, iteration=ref.iteration).id}" for ref in columns]
comparison = save_comparison(user, "Before and after", "What training has changed.", Looking(tuple(columns)))
policies = list(find_policies(user, columns).values())
vote = start_vote(user, team, "Which is better?", policies, read_drawn(user, policies), 40)
for number in range(10):
    # Enough ballots to be shown what came out; the person cannot see what they vote for either.
    answer(user, issue(user, vote)[0].id, Answer.RIGHT if number % 4 else Answer.LEFT)
body = f'''The sandbox learns to draw what it is asked for, in {run.total_iterations} iterations.

```curves
runs: {run.id}
```

It moves away from the base model slowly:

```frontier
runs: {run.id}
```

```grid
policies: {", ".join(map(str, columns))}
num_prompts: 3
```
'''
report = create_report(user, team, "First light", body)
print(json.dumps({
    "run": str(run.id), "ends": f"{columns[0]},{columns[-1]}", "columns": ",".join(map(str, columns)),
    "items": ",".join(items),
    "comparison": comparison.id, "vote": str(vote.id), "report": report.id, "secret": share(user, report, 30).text,
    "picture": items[-1], "checkpoint": run.checkpoints.filter(removed=False).order_by("-iteration").first().id,
}))
"""


@dataclass(frozen=True)
class Props:
    """Ids, and addresses' parts, with commas between: policies and pictures. `ends`: the first and the last policy."""

    run: str
    ends: str
    columns: str
    items: str
    comparison: int
    vote: str
    report: int
    secret: str
    picture: str
    checkpoint: int


def ask_for_evaluation(platform: Platform) -> str:
    """The id of its job."""
    return platform.shell(BEGIN + EVALUATION)


def set_up(platform: Platform) -> Props:
    return Props(**json.loads(platform.shell(BEGIN + REST)))
