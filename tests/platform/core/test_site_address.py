"""The address that links in messages begin with."""

import environ
import pytest

from core.site_address import of_this_machine


@pytest.mark.parametrize(
    "variables, address",
    [
        ({}, "http://localhost:8000"),
        ({"HOST": "0.0.0.0", "PORT": "9000"}, "http://localhost:9000"),
        ({"HOST": "gpu.example.org"}, "http://gpu.example.org:8000"),
    ],
)
def test_it_is_what_make_run_prints(variables, address):
    env = environ.Env()
    env.ENVIRON = variables
    assert of_this_machine(env) == address
