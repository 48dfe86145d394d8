"""Checks of a configuration, for ``watchword doctor``."""
