"""Endpoints of the password reset."""
