"""The login service: accounts and tokens over HTTP, one folder for each feature."""

from flask_watchword.extras import require

# Before any module of this package is imported, whichever is imported first.
require("service")
