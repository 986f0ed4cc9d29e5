"""docs/api.md names only what there is."""

import re
from pathlib import Path

from typer.main import get_command

from flowdppo_engine.client.commands import app
from tests.platform.api.test_api_access import ACCESS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text()


def test_every_command_of_the_page_is_there_with_its_options_and_none_is_left_out():
    commands = get_command(app).commands
    for name, rest in re.findall(r"flowdppo ([a-z-]+)([^`|#\n]*)", PAGE):
        if name in commands:
            options = {option for parameter in commands[name].params for option in parameter.opts}
            assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", rest)) <= options, (name, rest)
    missing = {name for name in commands if f"flowdppo {name}" not in PAGE}
    assert missing == {"logout"}


def test_every_address_of_the_page_is_an_operation():
    paths = {re.sub(r"\{\w+\}", "ID", operation.split(" ")[1]) for operation in ACCESS}
    named = re.findall(r"\$API(/[^`\"? ]+)", PAGE)
    assert len(named) > 15
    for address in named:
        # Its examples: numbers, ids in capitals, a team called lab.
        assert re.sub(r"/(\d+|[A-Z]+|lab)(?=/|$)", "/ID", address) in paths, address
