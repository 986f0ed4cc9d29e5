"""How to come to the pages that are photographed."""

from collections.abc import Callable

from playwright.sync_api import Page

from tests.end_to_end.screenshots.props import Props

Scene = Callable[[Page], None]


def at(address: str) -> Scene:
    def go(page: Page) -> None:
        page.goto(address)

    return go


def show_run(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="First light").click()
    page.locator("#run-rows").get_by_role("link", name="First light", exact=True).click()
    panel = page.frame_locator("iframe[data-panel]")
    panel.locator(".tile img").last.wait_for()
    panel.locator(".plot .scatterlayer path").first.wait_for()
    for tile in panel.locator(".tile img").all():
        tile.evaluate("image => image.decode()")


def show_new_run(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="First light").click()
    page.get_by_role("link", name="New run").click()
    page.get_by_role("button", name="Submit run").wait_for()


def show_playground(props: Props) -> Scene:
    """One draws, the other finds it drawn."""

    def go(page: Page) -> None:
        page.goto(f"/playground/?policies={props.ends}&prompt=two red circles")
        page.get_by_role("button", name="Draw").click()
        page.locator("#drawn img").last.wait_for()

    return go


def with_props(props: Props) -> dict[str, Scene]:
    """By the names of their pictures."""
    return {
        "curves": at(f"/curves/?runs={props.run}"),
        "frontier": at(f"/curves/?view=frontier&runs={props.run}"),
        "samples": at(f"/samples/?runs={props.run}"),
        "picture": at(f"/pictures/{props.picture}/"),
        "compare-grid": at(f"/compare/?policies={props.columns}"),
        "compare-side": at(f"/compare/?items={props.items}"),
        "compare-wipe": at(f"/compare/?items={props.items}&mode=wipe&pair=1,3"),
        "compare-difference": at(f"/compare/?items={props.items}&mode=difference&pair=1,3"),
        "playground": show_playground(props),
        "vote": at(f"/votes/{props.vote}/"),
        "vote-results": at(f"/votes/{props.vote}/results/"),
        "report": at(f"/reports/{props.report}/"),
        "export": at(f"/checkpoints/{props.checkpoint}/export/"),
        "shared": at(f"/s/{props.secret}/"),
    }
