"""Create an account."""
