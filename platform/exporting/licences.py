"""Licences that a model may go out under, as model cards name them, and those of the base models of our recipes."""

import re
from dataclasses import dataclass

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
LONGEST = 300


@dataclass(frozen=True)
class Licence:
    """`name` and `link` where `id` is `other`."""

    id: str
    name: str = ""
    link: str = ""

    @property
    def title(self) -> str:
        return self.name or self.id

    @property
    def front_matter(self) -> dict[str, str]:
        return {"license": self.id} | (
            {"license_name": self.name, "license_link": self.link} if self.id == "other" else {}
        )


FREE = ("apache-2.0", "mit", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "openrail", "creativeml-openrail-m")

# By the beginnings of hub ids; the first that fits.
OF_BASE_MODELS = (
    ("stabilityai/stable-diffusion-3.5", "stabilityai-ai-community"),
    ("black-forest-labs/FLUX.1-dev", "flux-1-dev-non-commercial-license"),
    ("black-forest-labs/FLUX.2-klein-4B", "apache-2.0"),
    ("black-forest-labs/FLUX.2-klein-base-4B", "apache-2.0"),
    ("black-forest-labs/FLUX.2", "flux-non-commercial-license"),
    ("Qwen/Qwen-Image", "apache-2.0"),
    ("Tongyi-MAI/Z-Image", "apache-2.0"),
    ("Wan-AI/Wan2", "apache-2.0"),
)


def hub_id(source: str) -> str | None:
    """Of a model's source, where it is one."""
    return source if HUB_ID.fullmatch(source) else None


def licence_of(source: str) -> Licence | None:
    """The base model's own; None where we do not know it."""
    name = next((name for start, name in OF_BASE_MODELS if source.startswith(start)), None)
    if name is None:
        return None
    return Licence(name) if name in FREE else Licence("other", name, f"https://huggingface.co/{source}")


def read_licence(source: str, id: str, name: str = "", link: str = "") -> Licence:
    """What a person has chosen; `base` is the base model's. Raises ValueError."""
    if id == "base":
        found = licence_of(source)
        if found is None:
            raise ValueError(f"The licence of {source} is not known here: choose another, or other with its name.")
        return found
    if id in FREE:
        return Licence(id)
    if id != "other":
        raise ValueError(f"{id!r} is no licence: choose base, {', '.join(FREE)} or other.")
    name, link = name.strip(), link.strip()
    if not name or len(name) > LONGEST:
        raise ValueError("The licence has no name: say what it is called, in at most 300 characters.")
    if not re.fullmatch(r"https?://\S{1,280}|LICENSE(\.md)?", link):
        raise ValueError(f"{link!r} is no link to a licence: give an address that begins with https://.")
    return Licence("other", name, link)
