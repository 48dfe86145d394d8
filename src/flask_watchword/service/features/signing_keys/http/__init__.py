"""Endpoints of the signing keys."""
