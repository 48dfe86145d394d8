"""Examine a configuration: each check a small function that returns what it has found."""
