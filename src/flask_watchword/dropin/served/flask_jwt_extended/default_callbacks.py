"""The default loaders: Watchword's own module under this name."""

import sys

from flask_watchword import default_callbacks

sys.modules[__name__] = default_callbacks
