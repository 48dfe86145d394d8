"""password_reset."""
