"""Serve the service with granian: workers, listeners, reloads."""
