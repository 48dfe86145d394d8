"""Checks of an application, for ``flask watchword doctor`` and ``flask watchword routes``."""
