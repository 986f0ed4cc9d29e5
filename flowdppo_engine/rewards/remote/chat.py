"""The part of the OpenAI-compatible chat API that a judge needs: one image, one text, one short answer."""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

# As many as the API has.
MAX_LOGPROBS = 20
# How far above 0 a server's rounding may put the logarithm of a probability.
ROUNDING = 1e-3


def body(model: str, image: str, text: str, **options: Any) -> dict[str, Any]:
    """A request about a PNG in base64; the answer is the likeliest one."""
    content = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}},
        {"type": "text", "text": text},
    ]
    return {"model": model, "messages": [{"role": "user", "content": content}], "temperature": 0, **options}


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with each {name} replaced, once: a prompt that has braces itself stays as it is."""
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], template)


def read_text(completion: Any) -> str:
    """What was answered. Raises ValueError where the server sent something else."""
    text = _dig(completion, "choices", 0, "message", "content")
    if not isinstance(text, str):
        raise ValueError("choices[0].message.content is no text")
    return text


def read_probability(completion: Any, forms: Collection[str]) -> float:
    """The probability that the first token is one of `forms`, in 0..1. Raises ValueError where it was not sent."""
    likeliest = _dig(completion, "choices", 0, "logprobs", "content", 0, "top_logprobs")
    if not isinstance(likeliest, list) or not likeliest:
        raise ValueError("it has no top_logprobs: the judge needs a server that sends them")
    entries = [(_dig(entry, "token"), _dig(entry, "logprob")) for entry in likeliest]
    if not all(isinstance(token, str) and isinstance(log, int | float) and log <= ROUNDING for token, log in entries):
        raise ValueError("its top_logprobs are no tokens with logarithms of probabilities")
    return min(1.0, math.fsum(math.exp(log) for token, log in entries if token in forms))


def _dig(answer: Any, *path: str | int) -> Any:
    for key in path:
        try:
            answer = answer[key]
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"it has no {'.'.join(map(str, path))}") from error
    return answer
