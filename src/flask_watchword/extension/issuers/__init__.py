"""Accept tokens of other issuers."""
