"""The types of arguments: ``flask_watchword.typing`` under this name."""

import sys

from flask_watchword import typing

sys.modules[__name__] = typing
