"""Objectives: what an optimizer step descends."""
