"""Verify an e-mail address with an e-mailed one-time code."""
