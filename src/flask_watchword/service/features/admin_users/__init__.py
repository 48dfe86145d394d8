"""admin_users."""
