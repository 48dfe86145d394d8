"""The default callbacks: ``flask_watchword.default_callbacks`` under this name."""

import sys

from flask_watchword import default_callbacks

sys.modules[__name__] = default_callbacks
