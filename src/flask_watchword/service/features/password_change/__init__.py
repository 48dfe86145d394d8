"""Change the password of an account."""
