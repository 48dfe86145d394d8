"""Manage users: invite, change, disable, delete, help to recover."""
