"""The exceptions: ``flask_watchword.exceptions`` under this name."""

import sys

from flask_watchword import exceptions

sys.modules[__name__] = exceptions
