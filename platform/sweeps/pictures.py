"""What the picture of a sweep is drawn from: a score against a knob's value, or a map over two knobs."""

from collections.abc import Mapping, Sequence

from sweeps.axes import format_value
from sweeps.results import Measure, PointRow


def picture_of(
    axes: Sequence[Mapping], rows: Sequence[PointRow], measure: Measure, labels: Mapping[str, str]
) -> dict | None:
    """Plain data for the page's script; None where there is nothing to draw yet, or no knob to draw it against."""
    if not axes or not any(row.chosen for row in rows):
        return None
    described = [
        {
            "knob": axis["knob"],
            "label": labels[axis["knob"]],
            "values": [value if _is_number(value) else format_value(value) for value in axis["values"]],
            "texts": [format_value(value) for value in axis["values"]],
            "is_number": all(map(_is_number, axis["values"])),
        }
        for axis in axes
    ]
    points = [
        {
            "texts": list(row.texts),
            "mean": row.chosen.mean if row.chosen else None,
            "half_width": row.chosen.half_width if row.chosen else None,
            "num": row.chosen.num if row.chosen else 0,
        }
        for row in rows
    ]
    return {"title": measure.title, "axes": described, "points": points}


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
