"""Serve a program that imports ``flask_jwt_extended`` by Watchword, without touching a file.

``python -m flask_watchword.dropin`` runs a program so; :func:`install` does it from code.
"""

from flask_watchword.dropin.finder import install

__all__ = ["install"]
