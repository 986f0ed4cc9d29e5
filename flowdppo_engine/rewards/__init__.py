"""Rewards: what a picture is worth to a prompt."""
