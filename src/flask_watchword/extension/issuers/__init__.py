"""Tokens of other issuers (``JWT_ISSUERS``), and keys from outside the configuration."""
