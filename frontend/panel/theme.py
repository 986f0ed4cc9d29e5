"""The panel in the site's look: Gradio's variables point at the site's design tokens, light and dark alike."""

from collections.abc import Callable

import gradio as gr

PARTS = ("panel-controls", "panel", "panel-samples", "panel-frontier")
STYLESHEETS = ("css/tokens.css", *(f"css/{part}.css" for part in PARTS))


def make_theme() -> gr.themes.Base:
    """A theme whose fonts are the reader's own and whose colours are set in panel-controls.css."""
    return gr.themes.Base(
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        text_size="sm",
        spacing_size="sm",
        radius_size="sm",
    )


def make_head(static: Callable[[str], str]) -> str:
    """Links to the stylesheets and the icon."""
    sheets = "".join(f'<link rel="stylesheet" href="{static(path)}">' for path in STYLESHEETS)
    return f'{sheets}<link rel="icon" type="image/svg+xml" href="{static("img/mark.svg")}">'
