"""One adapter a model family: load, encode prompts, velocity, decode. No loop in here."""

import os

# Read when transformers is imported, which then advises at length on image processors that nobody here uses.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
