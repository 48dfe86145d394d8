"""The checks of ``watchword doctor``."""
