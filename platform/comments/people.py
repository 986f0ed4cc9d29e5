"""The people of a team by the names that comments call them: `@anna` for anna@example.org.

Where two have the same one, both are called by their whole address; that always works.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from teams.models import Membership, User

CALL = re.compile(r"(?<![\w.@/+-])@([\w+-][\w.+-]*(?:@[\w-]+(?:\.[\w-]+)+)?)")
FORMER = "a former member"


@dataclass(frozen=True)
class Person:
    """`handle` is what stands behind the @."""

    id: int
    handle: str
    name: str
    email: str


@dataclass(frozen=True)
class Call:
    """A person's name in a text, from `start` to `end`, the @ included."""

    person: Person
    start: int
    end: int


class Directory:
    """Everybody in a team. Whoever asks for it has been found to be one of them."""

    def __init__(self, users: Iterable[User]):
        users = list(users)
        shared = Counter(_local_part(user) for user in users)
        self.people = [_person(user, shared[_local_part(user)] == 1) for user in users]
        self._by_name = {name: person for person in self.people for name in (person.handle, person.email.lower())}

    @classmethod
    def of_team(cls, team_id: int) -> "Directory":
        return cls.of_teams([team_id])[team_id]

    @classmethod
    def of_teams(cls, team_ids: Collection[int]) -> dict[int, "Directory"]:
        """One query."""
        rows = Membership.objects.filter(team__in=team_ids, user__is_active=True).select_related("user")
        people = {team_id: [] for team_id in team_ids}
        for row in rows.order_by("user__email"):
            people[row.team_id].append(row.user)
        return {team_id: cls(users) for team_id, users in people.items()}

    def calls(self, text: str) -> Iterator[Call]:
        """Who is called in the text, in its order. What fits nobody is left alone."""
        for found in CALL.finditer(text):
            # A full stop, or a dash, may end the sentence and not the name.
            for end in range(found.end(), found.start(1), -1):
                person = self._by_name.get(text[found.start(1) : end].lower())
                if person:
                    yield Call(person, found.start(), end)
                if person or text[end - 1] not in ".+-_":
                    break


def name_of(user: User | None) -> str:
    return FORMER if user is None else user.get_full_name() or user.email.partition("@")[0]


def _person(user: User, is_only: bool) -> Person:
    return Person(user.id, _local_part(user) if is_only else user.email.lower(), name_of(user), user.email)


def _local_part(user: User) -> str:
    return re.sub(r"[^\w.+-]", "-", user.email.partition("@")[0].lower())
