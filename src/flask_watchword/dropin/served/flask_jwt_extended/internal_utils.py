"""The checks of a verified token: ``flask_watchword.internal_utils`` under this name."""

import sys

from flask_watchword import internal_utils

sys.modules[__name__] = internal_utils
