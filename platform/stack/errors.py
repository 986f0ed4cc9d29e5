"""What keeps the stack from starting, in words that say what to do."""


class StackError(Exception):
    """The stack cannot start; the message names the cause and the remedy."""
