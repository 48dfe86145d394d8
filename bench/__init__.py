"""The cost of a protected request: run `python -m bench`."""
