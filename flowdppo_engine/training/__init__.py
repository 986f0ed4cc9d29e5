"""Rollout, update, and the loop around them, with exact resume."""
