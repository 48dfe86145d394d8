"""Publish, rotate, retire and revoke signing keys."""
