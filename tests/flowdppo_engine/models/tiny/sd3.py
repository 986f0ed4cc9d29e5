from tests.flowdppo_engine.models.tiny.family import TinyFamily
from tests.flowdppo_engine.tiny_sd3 import make_pipeline


def _reached(name: str) -> bool:
    """The last block reads the prompt but does not pass it on, so nobody asks for its queries."""
    return "transformer_blocks.1.attn.add_q_proj." not in name


FAMILY = TinyFamily(
    name="sd3",
    make_pipeline=lambda: make_pipeline(with_t5=True),
    fields={"resolution": 16, "max_sequence_length": 24},
    guided=lambda scale: {"guidance_scale": scale},
    unguided={"guidance_scale": 1.0},
    reached=_reached,
)
