"""user_import."""
