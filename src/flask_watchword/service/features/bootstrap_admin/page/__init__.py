"""The page at /setup: a form, its style and its script."""
