"""The pictures of a model card: curves as SVG, samples as a grid."""

import io
from collections.abc import Callable

from django.template.loader import render_to_string
from PIL import Image

from alerts.charts import Points, draw
from exporting.facts import Facts
from runs.media import read_thumbnail
from runs.metric_names import KL_TO_BASE, REWARD, title_of
from runs.models import Sample

TILE, GAP = 256, 8
EMPTY = "#e6e6ec"


def draw_curves(facts: Facts) -> bytes:
    """Reward and KL by iteration, side by side, with the checkpoint marked; SVG that needs nothing else."""
    found = [(key, facts.curves[key]) for key in (REWARD, KL_TO_BASE) if key in facts.curves]
    moments = {"now": facts.checkpoint.iteration}
    pictures = [draw(Points(title_of(key), curve.iterations, curve.values), moments) for key, curve in found]
    width = sum(picture.width for picture in pictures)
    placed = [(place * pictures[0].width, picture) for place, picture in enumerate(pictures)]
    return render_to_string("exporting/curves.svg", {"pictures": placed, "width": width}).encode()


def draw_grid(facts: Facts) -> bytes:
    """A column a prompt: above what the base model drew, where it did, and below what the policy did. PNG."""
    rows = [[before for before, _ in facts.samples], [after for _, after in facts.samples]]
    rows = [row for row in rows if any(row)]
    size = [len(count) * (TILE + GAP) - GAP for count in (facts.samples, rows)]
    grid = Image.new("RGB", size, "white")
    for down, row in enumerate(rows):
        for across, sample in enumerate(row):
            grid.paste(_tile(sample), (across * (TILE + GAP), down * (TILE + GAP)))
    buffer = io.BytesIO()
    grid.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _tile(sample: Sample | None, read: Callable = read_thumbnail) -> Image.Image:
    """Small pictures grow pixel by pixel: blurring them would show what the model did not draw."""
    tile = Image.new("RGB", (TILE, TILE), EMPTY)
    if sample is None:
        return tile
    try:
        with Image.open(io.BytesIO(read(sample).content)) as image:
            picture = image.convert("RGB")
    except FileNotFoundError:
        return tile
    scale = TILE / max(picture.size)
    size = [max(1, round(side * scale)) for side in picture.size]
    picture = picture.resize(size, Image.Resampling.NEAREST if scale > 1.5 else Image.Resampling.LANCZOS)
    tile.paste(picture, ((TILE - size[0]) // 2, (TILE - size[1]) // 2))
    return tile
