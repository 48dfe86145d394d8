"""What sessions promise, tried at length on real stores and counted: `python -m soak`."""
