"""The options of the current application: ``flask_watchword.config`` under this name."""

import sys

from flask_watchword import config

sys.modules[__name__] = config
