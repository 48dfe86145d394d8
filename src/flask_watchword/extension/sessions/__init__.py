"""``Sessions``: refresh token rotation, reuse detection and revocation."""
