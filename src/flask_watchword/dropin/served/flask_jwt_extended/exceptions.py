"""The exceptions: Watchword's own module under this name."""

import sys

from flask_watchword import exceptions

sys.modules[__name__] = exceptions
