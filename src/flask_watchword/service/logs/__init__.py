"""Logging of the service: configuration and formats."""
