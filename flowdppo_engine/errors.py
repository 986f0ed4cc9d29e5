"""Errors that a user can mend, each with a message that says how. Torch-free."""


class BadConfig(Exception):
    """The configuration cannot be run here; the message names the field, its value and the remedy."""


class ModelNotFound(Exception):
    """The model's source holds no model that can be loaded."""
