"""Serve the application with granian: worker processes, listening sockets, reloads."""
