"""password_change."""
