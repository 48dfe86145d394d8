"""Endpoints of the sessions."""
