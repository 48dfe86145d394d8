"""Endpoints of the metrics."""
