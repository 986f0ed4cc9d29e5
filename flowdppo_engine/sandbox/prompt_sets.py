"""The three fixed prompt sets: train, held-out in-domain (counts), and out-of-domain (positions, colour binding).

`python -m flowdppo_engine.sandbox.prompt_sets` writes their files anew.
"""

import json
from pathlib import Path

import numpy as np

from flowdppo_engine.prompts import SANDBOX_PROMPTS, Prompt
from flowdppo_engine.sandbox.grammar import describe
from flowdppo_engine.sandbox.scenes import binding_scene, counting_scene, relation_scene

SEED = 20260
SIZES = {"train": 1024, "in_domain": 512, "out_of_domain": 512}


def make_prompt_sets() -> dict[str, list[Prompt]]:
    """Each set's prompts, all distinct; no prompt of `in_domain` stands in `train`."""
    rng = np.random.default_rng(SEED)
    counting = _distinct(lambda: counting_scene(rng), SIZES["in_domain"] + SIZES["train"])
    half = SIZES["out_of_domain"] // 2
    relations, bindings = _distinct(lambda: relation_scene(rng), half), _distinct(lambda: binding_scene(rng), half)
    return {
        "train": counting[SIZES["in_domain"] :],
        "in_domain": counting[: SIZES["in_domain"]],
        # Alternating, so that the head of the set holds as many of the one as of the other.
        "out_of_domain": [prompt for pair in zip(relations, bindings, strict=True) for prompt in pair],
    }


def write_prompt_sets(folder: Path = SANDBOX_PROMPTS) -> None:
    for name, prompts in make_prompt_sets().items():
        lines = [json.dumps(_as_geneval2(prompt)) for prompt in prompts]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _as_geneval2(prompt: Prompt) -> dict:
    return {
        "prompt": prompt.text,
        "atom_count": prompt.atom_count,
        "vqa_list": [[question.text, question.answer] for question in prompt.questions],
        "skills": list(prompt.skills),
    }


def _distinct(draw, num: int) -> list[Prompt]:
    prompts: dict[str, Prompt] = {}
    while len(prompts) < num:
        prompt = describe(draw())
        prompts.setdefault(prompt.text, prompt)
    return list(prompts.values())


if __name__ == "__main__":
    write_prompt_sets()
