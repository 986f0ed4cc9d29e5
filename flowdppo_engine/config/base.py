"""What every block of settings is made of."""

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A block of settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def knob(default, help: str, *, unit: str = "", essential: bool = False, **bounds):
    """A field with its help, its unit and whether the short form shows it."""
    return Field(default, description=help, json_schema_extra={"unit": unit, "essential": essential}, **bounds)
