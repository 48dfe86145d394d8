"""The options of the current application: Watchword's own module under this name."""

import sys

from flask_watchword import config

sys.modules[__name__] = config
