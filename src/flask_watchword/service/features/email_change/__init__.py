"""email_change."""
