"""The tables and the picture of docs/sandbox.md, from the folders of finished runs of one recipe.

python tools/sandbox_report.py runs/seed-0 runs/seed-1 runs/seed-2 --picture docs/images/sandbox-before-after.png
"""

import argparse
from pathlib import Path

import yaml
from PIL import Image, ImageDraw

from flowdppo_engine.events import EVENTS_FILE, Evaluation, Event, Samples, Started, parse_event

SCORES = {"sandbox_soft_tifa_gm": "GM", "sandbox_soft_tifa_strict": "strict", "sandbox_picture_quality": "quality"}
TILE, GAP, LABEL = 128, 6, 18


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    streams = {seed_of(folder): read(folder) for folder in arguments.runs}
    print(summary_table(streams))
    print(course_table(streams))
    if arguments.picture:
        draw_before_after(arguments.runs[0], read(arguments.runs[0])).save(arguments.picture, optimize=True)


def read(folder: Path) -> list[Event]:
    return [parse_event(line) for line in (folder / EVENTS_FILE).read_bytes().splitlines()]


def seed_of(folder: Path) -> int:
    return yaml.safe_load((folder / "config.yaml").read_text())["seed"]


def evaluations(stream: list[Event]) -> list[Evaluation]:
    return [event for event in stream if isinstance(event, Evaluation)]


def summary_table(streams: dict[int, list[Event]]) -> str:
    """Before and after, by seed and prompt set; scores from 0 to 100."""
    lines = [
        "| seed | prompts | score | before | after | difference (95 % interval) | minutes |",
        "|---|---|---|---|---|---|---|",
    ]
    for seed, stream in streams.items():
        minutes = (stream[-1].time - next(event.time for event in stream if isinstance(event, Started))) / 60
        last = max(event.iteration for event in evaluations(stream))
        for event in evaluations(stream):
            if event.iteration == last:
                lines += [_row(seed, event, name, minutes) for name in SCORES]
    return "\n".join(lines) + "\n"


def _row(seed: int, event: Evaluation, name: str, minutes: float) -> str:
    after, difference = event.scores[name].mean, event.difference[name]
    interval = f"{difference.mean:+.1f} ({difference.low:+.1f} to {difference.high:+.1f})"
    before = after - difference.mean
    prompts = event.prompt_set.removeprefix("sandbox:")
    return f"| {seed} | {prompts} | {SCORES[name]} | {before:.1f} | {after:.1f} | {interval} | {minutes:.1f} |"


def course_table(streams: dict[int, list[Event]]) -> str:
    """The in-domain GM score by iteration."""
    rows = {}
    for seed, stream in streams.items():
        for event in evaluations(stream):
            if event.prompt_set == "sandbox:in_domain":
                rows.setdefault(event.iteration, {})[seed] = event.scores["sandbox_soft_tifa_gm"].mean
    lines = [
        "| iteration | " + " | ".join(f"seed {seed}" for seed in streams) + " |",
        "|---" * (len(streams) + 1) + "|",
    ]
    for iteration, scores in sorted(rows.items()):
        lines.append(f"| {iteration} | " + " | ".join(f"{scores[seed]:.1f}" for seed in streams) + " |")
    return "\n".join(lines) + "\n"


def draw_before_after(folder: Path, stream: list[Event]) -> Image.Image:
    """One row a prompt: its pictures before, then those after, on the same seeds; a right one is framed in green."""
    drawn = [event for event in stream if isinstance(event, Samples)]
    before, after = drawn[0].samples, drawn[-1].samples
    prompts = list(dict.fromkeys(sample.prompt for sample in before))
    columns = [[s for s in before if s.prompt == p] + [s for s in after if s.prompt == p] for p in prompts]
    width = len(columns[0]) * (TILE + GAP) + 3 * GAP
    sheet = Image.new("RGB", (width, LABEL + len(prompts) * (TILE + LABEL + GAP)), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, 2), "before", fill="black")
    pen.text((width // 2 + GAP, 2), "after", fill="black")
    for row, samples in enumerate(columns):
        top = LABEL + row * (TILE + LABEL + GAP)
        pen.text((GAP, top + 2), prompts[row], fill="black")
        for column, sample in enumerate(samples):
            left = GAP + column * (TILE + GAP) + (2 * GAP if column >= len(samples) // 2 else 0)
            tile = Image.open(folder / sample.path).resize((TILE, TILE), Image.Resampling.NEAREST)
            sheet.paste(tile, (left, top + LABEL))
            right = sample.rewards["sandbox_soft_tifa_strict"] == 100
            frame = (left, top + LABEL, left + TILE - 1, top + LABEL + TILE - 1)
            pen.rectangle(frame, outline=(39, 158, 86) if right else (214, 48, 49), width=2)
    return sheet


if __name__ == "__main__":
    main()
