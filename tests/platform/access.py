"""What the tables of who may open what are made of: `addresses.py` in the folder of each app's tests.

Such a table exports `ACCESS`, by the names of the addresses; `make_things(lab)`, what their arguments lead to; and
`rows_of(team)`, which rows nobody may change who has no right to.
"""

from dataclasses import dataclass, field

PEOPLE = ("anonymous", "stranger", "viewer", "member", "owner")

PUBLIC = (200, 200, 200, 200, 200)
SIGNED_IN = (302, 200, 200, 200, 200)
TEAM = (302, 404, 200, 200, 200)
WRITERS = (302, 404, 403, 200, 200)
OWNERS = (302, 404, 403, 403, 200)
# Done by a form, which then leads elsewhere.
OWNERS_DO = (302, 404, 403, 403, 302)
# Asked for by scripts, which a redirect to the sign-in page would not help.
FETCHED_BY_ANYONE = (401, 200, 200, 200, 200)
FETCHED_BY_TEAM = (401, 404, 200, 200, 200)


@dataclass(frozen=True)
class Access:
    """What each of PEOPLE gets for an address. `query` and `post` may name the run as {run}.

    `away` is where anonymous people are led to, where they are.
    """

    expected: tuple[int, ...]
    query: str = ""
    post: dict | None = None
    kwargs: dict = field(default_factory=dict)
    away: str = "/accounts/login/"
