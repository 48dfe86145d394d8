"""Check imported passwords at the next login, and have weak ones replaced."""
