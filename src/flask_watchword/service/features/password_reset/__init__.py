"""Reset a password with an e-mailed one-time code."""
