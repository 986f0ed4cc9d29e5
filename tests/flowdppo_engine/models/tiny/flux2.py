import torch
from diffusers import FlowMatchEulerDiscreteScheduler, Flux2Pipeline
from transformers import Mistral3Config, Mistral3ForConditionalGeneration, MistralConfig, PixtralVisionConfig

from tests.flowdppo_engine.models.tiny.family import TinyFamily
from tests.flowdppo_engine.models.tiny.flux2_klein import as_image, make_flux2_autoencoder, make_flux2_transformer
from tests.flowdppo_engine.models.tiny.parts import VOCABULARY, make_tokenizer

TEXT_WIDTH = 8
CHAT = (
    "{% for message in messages if message['role'] == 'user' %}<s>"
    "{% for part in message['content'] %}{{ part['text'] }}{% endfor %}<eos>{% endfor %}"
)


def make_pipeline() -> Flux2Pipeline:
    """The prompt's embedding is what three layers of the text encoder give, the 30th the last of them.

    A released model wraps its tokenizer in a PixtralProcessor, which takes images too and hands text through; it needs
    torchvision. No image comes in here, so the tokenizer stands alone.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Flux2Pipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
            vae=make_flux2_autoencoder(),
            text_encoder=_make_text_encoder(),
            tokenizer=make_tokenizer(chat_template=CHAT, ends=False),
            transformer=make_flux2_transformer(joint_attention_dim=3 * TEXT_WIDTH, guidance_embeds=True),
        )


def _make_text_encoder() -> Mistral3ForConditionalGeneration:
    text = MistralConfig(
        hidden_size=TEXT_WIDTH, intermediate_size=16, num_hidden_layers=30, num_attention_heads=2,
        num_key_value_heads=2, head_dim=4, vocab_size=VOCABULARY, max_position_embeddings=128,
    )  # fmt: skip
    vision = PixtralVisionConfig(
        hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, head_dim=4, image_size=16,
        patch_size=4,
    )  # fmt: skip
    return Mistral3ForConditionalGeneration(
        Mistral3Config(text_config=text, vision_config=vision, image_token_index=4)
    ).eval()


FAMILY = TinyFamily(
    name="flux2",
    make_pipeline=make_pipeline,
    fields={"resolution": 16, "width": 24, "max_sequence_length": 24, "distilled_guidance_scale": 2.5},
    options={"guidance_scale": 2.5},
    given=as_image,
)
