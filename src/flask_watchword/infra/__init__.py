"""Adapters: where users are kept, and one error for when that place does not answer."""
