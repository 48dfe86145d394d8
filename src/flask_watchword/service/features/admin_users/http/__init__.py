"""Endpoints for administrators of users."""
