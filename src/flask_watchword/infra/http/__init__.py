"""Fetch the JWK Sets of other issuers."""
