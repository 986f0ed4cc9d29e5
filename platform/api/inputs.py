"""What may be sent."""

from typing import Annotated

from pydantic import AfterValidator


def _without_nul(text: str) -> str:
    """PostgreSQL cannot store one."""
    if "\0" in text:
        raise ValueError("it has a NUL character: take it out")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]
