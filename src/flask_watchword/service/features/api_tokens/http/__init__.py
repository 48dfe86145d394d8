"""Endpoints of API keys and clients."""
