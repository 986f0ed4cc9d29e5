"""What may be sent."""

from typing import Annotated

from pydantic import AfterValidator


def storable(text: str) -> str:
    """Raises ValueError for what PostgreSQL cannot store."""
    if "\0" in text:
        raise ValueError("it has a NUL character: take it out")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it has half a character (a lone surrogate): take it out") from None
    return text


Text = Annotated[str, AfterValidator(storable)]
