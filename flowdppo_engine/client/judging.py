"""Blind votes on the terminal: how far they are, and who stands where."""

from flowdppo_engine.client.tables import print_facts, print_table

NOT_YET = "Its results are shown once you have judged some of its pairs, or once it is closed."


def print_votes(votes: list[dict]) -> None:
    rows = [
        (one["id"], one["name"], _state(one), one["num_pairs"], one["num_ballots"], one["num_people"]) for one in votes
    ]
    print_table(("id", "vote", "state", "pairs", "answers", "people"), rows)


def print_vote(vote: dict, page: str) -> None:
    print_facts({
        "vote": vote["name"],
        "id": vote["id"],
        "page": page,
        "state": _state(vote),
        "answers": f"{vote['num_ballots']} by {vote['num_people']}, {vote['num_own']} of them yours",
        "agreement (alpha)": vote["results"] and vote["results"]["alpha"],
    })  # fmt: skip


def print_standings(results: dict) -> None:
    rows = [
        (one["name"], *_with_interval(one["strength"]), *_with_interval(one["win_rate"]), _counts(one))
        for one in results["policies"]
    ]
    print_table(
        ("policy", "strength, log-odds", "95 % interval", "win rate", "95 % interval", "won, lost, tied, bad"), rows
    )


def _state(vote: dict) -> str:
    return "open" if vote["is_open"] else "closed"


def _with_interval(estimate: dict | None) -> tuple[float | None, str]:
    if estimate is None:
        return None, ""
    has_interval = estimate["low"] is not None and estimate["high"] is not None
    return estimate["value"], f"{estimate['low']:.4g} to {estimate['high']:.4g}" if has_interval else ""


def _counts(one: dict) -> str:
    return ", ".join(str(one[name]) for name in ("num_won", "num_lost", "num_tied", "num_bad"))
