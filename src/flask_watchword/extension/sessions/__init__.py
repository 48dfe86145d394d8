"""Sessions for the tokens of an application: rotation, reuse detection and revocation."""
