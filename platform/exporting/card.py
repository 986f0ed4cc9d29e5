"""The model card: README.md with the front matter that the Hugging Face Hub reads."""

import yaml
from django.template.loader import render_to_string

from exporting.facts import Facts
from exporting.licences import Licence, hub_id
from runs.downloads import LORA_FILE

CONFIG_FILE = "config.yaml"
CURVES_FILE = "curves.svg"
SAMPLES_FILE = "samples.png"


def write_card(facts: Facts, licence: Licence) -> str:
    context = {
        "facts": facts,
        "run": facts.run,
        "checkpoint": facts.checkpoint,
        "model": facts.config["model"],
        "licence": licence,
        "base": hub_id(facts.source),
        "load": hub_id(facts.source) or "the/folder/of/the/base-model",
        "prompt": facts.samples[0][1].prompt if facts.samples else "a photo of a red bicycle",
        "lora_file": LORA_FILE,
        "config_file": CONFIG_FILE,
        "curves_file": CURVES_FILE if facts.curves else "",
        "samples_file": SAMPLES_FILE if facts.samples else "",
    }
    front = yaml.safe_dump(front_matter(facts, licence), sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n{render_to_string('exporting/card.md', context).strip()}\n"


def front_matter(facts: Facts, licence: Licence) -> dict:
    base = hub_id(facts.source)
    method = [facts.recipe.method.lower().replace(" ", "-")] if facts.recipe else []
    return {
        **licence.front_matter,
        **({"base_model": base, "base_model_relation": "adapter"} if base else {}),
        "library_name": "diffusers",
        "pipeline_tag": "text-to-video" if facts.is_video else "text-to-image",
        "tags": list(dict.fromkeys(["diffusers", "lora", "reinforcement-learning", "flow-matching", *method])),
        **({"widget": [{"text": after.prompt} for _, after in facts.samples]} if base and facts.samples else {}),
    }
