"""Run a program that imports ``flask_jwt_extended`` on Watchword, without changing the program.

``python -m flask_watchword.dropin`` runs a program this way; :func:`install` does it from code.
"""

from flask_watchword.dropin.finder import install

__all__ = ["install"]
