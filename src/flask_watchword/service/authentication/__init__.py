"""The login pipeline: attempts, factors, challenges and re-authentication."""
