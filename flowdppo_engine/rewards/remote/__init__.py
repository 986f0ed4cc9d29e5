"""Rewards that a server answers for."""
