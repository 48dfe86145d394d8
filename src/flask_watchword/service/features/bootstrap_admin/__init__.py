"""bootstrap_admin."""
