"""One adapter a model family: load, encode prompts, velocity, decode. No loop in here."""
