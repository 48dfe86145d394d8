"""Show users their own account."""
