"""delete_account."""
