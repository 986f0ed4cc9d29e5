"""What there is to choose from in a list: read off its newest runs, however many there are in all."""

from dataclasses import dataclass
from statistics import mode

from django.db.models import QuerySet

from runs.filters import config_paths
from runs.models import Run
from runs.summaries import BEST, SCORE

NEWEST = 100
# What differs in nearly every list, and says least.
LAST = ("seed", "evaluation.seed", "tracking.project")


@dataclass(frozen=True)
class Knowledge:
    """`differing`: the values of the configuration that are not the same in all of them, the telling ones first.

    `first_score`: prompt set and reward that most runs name first.
    """

    differing: list[str]
    metrics: list[str]
    scores: list[str]
    tags: list[str]
    people: list[str]
    first_score: str


def read_knowledge(runs: QuerySet[Run]) -> Knowledge:
    rows = list(
        runs.order_by("-created_at", "-id").values_list("config", "summary", "tags", "created_by__email")[:NEWEST]
    )
    keys = sorted({key for _, summary, _, _ in rows for key in summary if "/" in key})
    firsts = [_first_score(config) for config, *_ in rows if config["evaluation"]["prompt_sets"] and config["rewards"]]
    scores = [key for key in keys if key.startswith((f"{SCORE}/", f"{BEST}/"))]
    return Knowledge(
        differing=differing_settings([config for config, *_ in rows]),
        metrics=[key for key in keys if key not in scores],
        scores=scores,
        tags=sorted({tag for _, _, tags, _ in rows for tag in tags}),
        people=sorted({email for *_, email in rows if email}),
        first_score=mode(firsts) if firsts else "",
    )


def _first_score(config: dict) -> str:
    reward = config["rewards"][0]
    return f"{config['evaluation']['prompt_sets'][0]}/{reward.get('label') or reward['name']}"


def differing_settings(configs: list[dict]) -> list[str]:
    """What varies comes before what some runs have and others have not, such as the one option of a trust region."""
    found: dict[str, list] = {}
    _compare(configs, (), found)
    order = {path: place for place, path in enumerate(config_paths.all_paths())}
    known = [path for path in found if path in order]
    return sorted(known, key=lambda path: (_is_one(found[path]), path in LAST, None in found[path], order[path]))


def _is_one(values: list) -> bool:
    """Whether those that have a value have the same."""
    held = [value for value in values if value is not None]
    return all(value == held[0] for value in held)


def _compare(values: list, path: tuple[str, ...], found: dict[str, list]) -> None:
    """Into `found` goes each path where values differ, with what the runs have there, None where nothing."""
    if all(value == values[0] for value in values):
        return
    columns = [_by_name(value) for value in values]
    names = dict.fromkeys(name for column in columns if column for name in column)
    if not names:
        found[".".join(path)] = values
    for name in names:
        _compare([column.get(name) if column else None for column in columns], (*path, name), found)


def _by_name(value) -> dict | None:
    """A block as it is; of a list of blocks the members' values by name; None for a plain value."""
    if isinstance(value, list) and value and all(isinstance(member, dict) for member in value):
        names = dict.fromkeys(name for member in value for name in member)
        return {name: [member.get(name) for member in value] for name in names}
    return value if isinstance(value, dict) else None
