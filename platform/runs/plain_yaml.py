"""YAML from outside, looked at before it is read: what is small as a text may be large as data, or slow to read."""

import yaml

DEEPEST = 20


class NotPlain(ValueError):
    """YAML that is not to be read; `line` counts from 1."""

    def __init__(self, line: int, message: str):
        super().__init__(message)
        self.line = line


def require_plain(text: str) -> None:
    """Refuses aliases, a few of which, one in the other, make a text of gigabytes, and deep nesting, whose cost grows
    with its square.

    Raises NotPlain, or yaml.YAMLError where it is no YAML as far as it was read.
    """
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise NotPlain(line, f"It has the alias *{event.anchor}: write out what it stands for.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise NotPlain(line, "It is nested too deeply: a configuration has a few levels.")
