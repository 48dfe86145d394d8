"""Create the first administrator by a one-time link."""
