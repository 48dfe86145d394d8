"""The functions that an application registers, their defaults, and how they are called."""
