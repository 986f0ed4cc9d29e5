"""Scoring a policy on fixed prompts and seeds, and drawing pictures with it."""
