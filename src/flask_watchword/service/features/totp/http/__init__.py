"""Endpoints of the authenticator."""
