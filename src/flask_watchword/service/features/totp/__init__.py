"""Time-based one-time passwords as a second factor (RFC 6238)."""
