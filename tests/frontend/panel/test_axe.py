"""The panel's own document before axe-core: no serious and no critical fault, light and dark."""

from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import expect

from tests.frontend.panel.looking import open_panel, wait_for_points
from tests.platform.runs.synthetic_run import SyntheticRun, metrics

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
FAULTS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return bad.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`));
}"""


@pytest.fixture
def runs(experiment) -> list[SyntheticRun]:
    made = [SyntheticRun(experiment, name) for name in ("first", "second")]
    for run in made:
        run.evaluate(0, mean=0.4)
        run.write(*(metrics(i, {"kl/reference_nats": i / 10, "reward/mean": i / 100}) for i in range(1, 6)))
        run.evaluate(5, mean=0.6)
    return made


@pytest.mark.parametrize(
    ("view", "title"),
    [
        ("curves", "Reward"),
        ("frontier&up=score@sandbox:in_domain", "score on in domain against KL to the base model, nats"),
    ],
)
def test_nothing_serious_is_wrong(panel, web_address, runs, view, title):
    open_panel(panel, web_address, *runs, view=f"&view={view}")
    wait_for_points(panel, title, 5 if view == "curves" else 2)
    expect(panel.get_by_label("Mean over seeds")).to_be_visible()
    panel.evaluate(AXE)
    for scheme in ("light", "dark"):
        panel.emulate_media(color_scheme=scheme)
        # Colours fade from one theme to the other.
        panel.wait_for_function("document.getAnimations().length === 0")
        assert panel.evaluate(FAULTS) == []
