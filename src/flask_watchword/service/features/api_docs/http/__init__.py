"""Endpoints of the API documentation."""
