"""What a protected request costs: run `python -m bench`."""
