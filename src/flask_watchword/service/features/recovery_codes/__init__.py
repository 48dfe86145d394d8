"""recovery_codes."""
