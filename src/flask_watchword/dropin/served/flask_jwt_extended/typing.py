"""The types of arguments: Watchword's own module under this name."""

import sys

from flask_watchword import typing

sys.modules[__name__] = typing
