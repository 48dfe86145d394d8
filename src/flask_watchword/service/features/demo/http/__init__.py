"""Endpoints of the tutorial."""
