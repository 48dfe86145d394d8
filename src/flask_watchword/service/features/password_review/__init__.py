"""password_review."""
