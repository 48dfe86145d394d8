"""Decorators that require roles, scopes or a recent sign-in."""
