"""Let users delete their own account."""
