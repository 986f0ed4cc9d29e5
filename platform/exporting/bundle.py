"""A checkpoint as others get it: the LoRA as diffusers loads it, a model card, pictures and the configuration."""

import io
from functools import partial

from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.text import slugify

from core.storage import StoredFile
from exporting.card import CONFIG_FILE, CURVES_FILE, SAMPLES_FILE, write_card
from exporting.facts import Facts
from exporting.licences import Licence
from exporting.pictures import draw_curves, draw_grid
from runs import stored_files
from runs.downloads import LORA_FILE
from runs.models import Checkpoint


def name_of(checkpoint: Checkpoint) -> str:
    return f"{slugify(checkpoint.run.name) or 'run'}-{checkpoint.iteration}"


def files_of(facts: Facts, licence: Licence) -> list[StoredFile]:
    """In a folder of the checkpoint's name. Raises FileNotFoundError where the weights are gone."""
    folder = name_of(facts.checkpoint)
    weights = f"{stored_files.name_of(facts.checkpoint)}/{LORA_FILE}"
    size = default_storage.num_bytes(weights)
    made = {
        "README.md": write_card(facts, licence).encode(),
        CONFIG_FILE: facts.config_yaml.encode(),
        **({CURVES_FILE: draw_curves(facts)} if facts.curves else {}),
        **({SAMPLES_FILE: draw_grid(facts)} if facts.samples else {}),
    }
    now = timezone.now()
    return [
        *(
            StoredFile(f"{folder}/{name}", len(content), now, partial(io.BytesIO, content))
            for name, content in made.items()
        ),
        StoredFile(f"{folder}/{LORA_FILE}", size, now, partial(default_storage.open_from, weights)),
    ]
