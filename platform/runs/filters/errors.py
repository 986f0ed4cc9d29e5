"""What is wrong with a filter, in words for the one who wrote it."""


class FilterError(ValueError):
    """`word` is the part of the text that cannot stay; the message names it, and what to write instead."""

    def __init__(self, word: str, message: str):
        super().__init__(message)
        self.word = word
