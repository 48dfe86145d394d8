"""The names that ``from flask_watchword import *`` gives an application."""

from flask_watchword.extension import public

PUBLIC_NAMES = frozenset(name for name in vars(public) if not name.startswith("_"))
