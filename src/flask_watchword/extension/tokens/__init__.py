"""Create and decode tokens, and set them as cookies."""
