"""The service: accounts and tokens over HTTP, one file for each endpoint."""

from flask_watchword.extras import require

# Before anything here is imported, whatever is imported first.
require("service")
