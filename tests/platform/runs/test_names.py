"""Names of runs that were given none."""

from runs.names import suggest_name
from tests.platform.lab import add_run


def test_a_run_is_called_after_its_recipe_with_its_number(lab):
    assert suggest_name(lab.experiment, "sandbox-smoke") == "sandbox-smoke 1"
    add_run(lab.experiment)
    assert suggest_name(lab.experiment, "sandbox-smoke") == "sandbox-smoke 2"


def test_a_clone_has_its_sources_name_with_the_next_number_that_is_free(lab):
    source = add_run(lab.experiment, "First light")
    assert suggest_name(lab.experiment, "", source) == "First light 2"
    last = add_run(lab.experiment, "First light 7")
    add_run(lab.experiment, "First light at dawn")
    assert suggest_name(lab.experiment, "", source) == suggest_name(lab.experiment, "", last) == "First light 8"
    assert len(suggest_name(lab.experiment, "", add_run(lab.experiment, "x" * 120))) <= 120
