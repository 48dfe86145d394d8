"""The names that ``from flask_watchword import *`` imports."""

from flask_watchword.extension import public

PUBLIC_NAMES = frozenset(name for name in vars(public) if not name.startswith("_"))
