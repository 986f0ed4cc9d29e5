"""The panel before axe-core: no serious and no critical fault, whatever the width and theme."""

import pytest
from playwright.sync_api import expect

from tests.frontend import axe
from tests.frontend.panel.looking import open_panel, wait_for_points
from tests.platform.runs.synthetic_run import SyntheticRun, metrics


@pytest.mark.parametrize(
    "view", [*axe.SHORT, *(pytest.param(view, marks=pytest.mark.long) for view in axe.LONG)], ids=str
)
def test_the_panel_has_no_serious_fault(view, panel, web_address, experiment):
    synthetic = SyntheticRun(experiment, "first run")
    synthetic.evaluate(0)
    synthetic.draw(0, num_samples=4)
    synthetic.write(*(metrics(i, {"reward/mean": i / 100, "kl/reference_nats": i / 10}) for i in range(1, 21)))
    # It takes the theme that there is when it opens.
    panel.emulate_media(color_scheme=view[1])
    open_panel(panel, web_address, synthetic)
    wait_for_points(panel, "Reward", 20)
    expect(panel.locator(".tile img")).to_have_count(4)
    assert axe.faults(panel, [view]) == []
