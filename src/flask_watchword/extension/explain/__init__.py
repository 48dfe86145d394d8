"""Explain why a token is accepted or rejected."""
