"""Long-running trials of the session guarantees on real stores: `python -m soak`."""
