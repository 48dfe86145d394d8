"""Errors of the extension and the responses to them."""
