"""How tests open the panel, and look at its charts."""

from playwright.sync_api import Frame, Page, expect

from tests.platform.runs.synthetic_run import SyntheticRun


def open_panel(panel: Page, web_address: str, *runs: SyntheticRun, view: str = "") -> None:
    panel.goto(f"{web_address}/panel/?runs={','.join(str(run.id) for run in runs)}{view}")
    expect(panel.locator(".legend button")).to_have_count(len(runs))


def chart(panel: Page | Frame, title: str):
    return panel.locator(".chart", has=panel.get_by_role("heading", name=title, exact=True))


def drawn(panel: Page | Frame, title: str) -> list[dict]:
    """The lines of a chart, as Plotly holds them."""
    return (
        chart(panel, title)
        .locator(".plot")
        .evaluate("plot => (plot.data ?? []).map(({x, y, name}) => ({x: [...x], y: [...y], name}))")
    )


def wait_for_points(panel: Page | Frame, title: str, count: int) -> None:
    """Until the first line of the chart has so many."""
    panel.wait_for_function(
        """([title, count]) => [...document.querySelectorAll(".chart")]
            .find((chart) => chart.querySelector("h3").textContent === title)
            ?.querySelector(".plot").data?.[0]?.x.length === count""",
        arg=[title, count],
    )
