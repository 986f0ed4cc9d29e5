"""Reads the form of a page as a browser would send it."""

from html.parser import HTMLParser


def fields_of(page: str) -> dict[str, list[str]]:
    """The values of every field inside the page, by name, without the CSRF token, without buttons and
    without the choice of what to add."""
    reader = _FieldReader()
    reader.feed(page)
    return {
        name: values
        for name, values in reader.fields.items()
        if name != "csrfmiddlewaretoken" and not name.startswith("add.")
    }


def adding(kind: str) -> dict[str, list[str]]:
    """What the button that adds a reward sends besides."""
    return {"add": ["config.rewards"], "add.config.rewards": [kind]}


def removing(slot: str) -> dict[str, list[str]]:
    return {"remove": [f"config.rewards.{slot}"]}


class _FieldReader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._select = self._textarea = None
        self._option: list | None = None

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        if tag == "input" and at.get("name"):
            if at.get("type") not in ("checkbox", "radio"):
                self._add(at["name"], at.get("value", ""))
            elif "checked" in at:
                self._add(at["name"], at.get("value", "on"))
        elif tag == "select":
            self._select = at["name"]
        elif tag == "textarea":
            self._textarea = at["name"]
            self._add(self._textarea, "")
        elif tag == "option":
            self._option = [at.get("value"), "selected" in at]

    def handle_data(self, data):
        if self._textarea:
            # A browser drops the line break that follows the opening tag.
            texts = self.fields[self._textarea]
            texts[-1] = texts[-1] + data if texts[-1] else data.removeprefix("\n")
        elif self._option and self._option[0] is None:
            self._option[0] = data

    def handle_endtag(self, tag):
        if tag == "option" and self._option and self._option[1]:
            self._add(self._select, self._option[0])
        if tag == "option":
            self._option = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None

    def _add(self, name, value):
        self.fields.setdefault(name, []).append(value)
