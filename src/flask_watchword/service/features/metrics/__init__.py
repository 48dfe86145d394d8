"""Metrics for Prometheus and for administrators."""
