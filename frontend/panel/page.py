"""The page: controls above, and one mount point that the scripts fill."""

from collections.abc import Callable
from functools import wraps

import gradio as gr
from django.db import connections
from django.templatetags.static import static

from frontend.panel import events

X_AXES = [("Iteration", "iteration"), ("Optimizer step", "step"), ("Samples", "samples"), ("GPU hours", "hours")]
LOG_AXES = [("None", ""), ("KL", "kl"), ("All", "all")]

# Tells the scripts what the controls say. They may not have arrived yet, so the last word waits for them.
APPLY = """
(x, smooth, log, lost, seeds, multiples, keys) => {
  window.panelControls = {x, smooth, log, lost, seeds, multiples, keys};
  window.dispatchEvent(new CustomEvent("panel:controls", {detail: window.panelControls}));
}
"""
MOUNT = """
import("%s").then((panel) => panel.mount(element, () => trigger("metrics_arrived")));
"""


def build_page() -> gr.Blocks:
    with gr.Blocks(title="Curves and samples", analytics_enabled=False, fill_width=True) as page:
        with gr.Row(elem_id="panel-controls"):
            x = gr.Radio(X_AXES, value="iteration", label="Across", elem_id="panel-x")
            smooth = gr.Slider(
                0, events.MAX_SMOOTHING, 0, step=0.01, label="Smoothing", elem_id="panel-smooth", buttons=[]
            )
            log = gr.Radio(LOG_AXES, value="", label="Log axis", elem_id="panel-log")
            lost = gr.Checkbox(value=False, label="Lost attempts", elem_id="panel-lost")
            seeds = gr.Checkbox(value=False, label="Mean over seeds", elem_id="panel-seeds")
            multiples = gr.Checkbox(value=False, label="A chart a run", elem_id="panel-multiples")
            with gr.Accordion("Choose curves", open=False, elem_id="panel-picker"):
                keys = gr.CheckboxGroup([], show_label=False, elem_id="panel-keys")
        view = gr.HTML(html_template="", js_on_load=MOUNT % static("js/panel/main.js"), elem_id="panel-view")

        controls = [x, smooth, log, lost, seeds, multiples, keys]
        tell_scripts = {"fn": None, "inputs": controls, "js": APPLY, **PRIVATE}
        page.load(serve(events.open_view), outputs=controls, **PRIVATE).then(**tell_scripts)
        view.metrics_arrived(serve(events.list_curves), outputs=[keys], **PRIVATE)
        gr.on([control.change for control in controls], **tell_scripts)
    return page


# Answered to the one who asks: the results of queued events can be read by whoever knows the session's hash.
PRIVATE = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}


def serve(event: Callable) -> Callable:
    """An event as Gradio runs it, in a thread whose database connections Django does not close."""

    @wraps(event)
    def run(request: gr.Request):
        try:
            return event(request)
        finally:
            connections.close_all()

    return run
