"""Refresh, log out, and list and end sessions."""
