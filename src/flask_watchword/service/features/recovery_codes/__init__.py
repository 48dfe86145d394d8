"""Single-use codes that stand in for a lost second factor."""
