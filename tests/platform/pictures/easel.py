"""Drawings for tests, with their files."""

from pathlib import Path

from django.conf import settings
from PIL import Image

from pictures.models import Drawing
from runs.models import Run


def add_drawing(run: Run, iteration: int = 0, prompt: str = "a circle", seed: int = 1, **values) -> Drawing:
    drawing = Drawing.objects.create(
        **{
            "team": run.experiment.team, "run": run, "iteration": iteration, "prompt": prompt, "seed": seed,
            "num_steps": 8, "guidance_scale": 1.0, "path": f"drawings/{run.id}-{iteration}-{prompt}-{seed}.png",
        }
        | values
    )  # fmt: skip
    file = Path(settings.MEDIA_ROOT) / drawing.path
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (400, 400), (seed % 256, iteration % 256, 90)).save(file)
    return drawing
