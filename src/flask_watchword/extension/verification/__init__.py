"""Verify the token of a request."""
