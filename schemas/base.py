"""What all models share: frozen values that refuse unknown fields and can be read from JSON."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen pydantic model: equal by content, unknown fields are an error, defaults are the honest *not stated*."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
