"""email_verification."""
