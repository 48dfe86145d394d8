"""The types of arguments that have several."""

from flask_watchword.extension.tokens import ExpiresDelta as ExpiresDelta
from flask_watchword.extension.tokens import Fresh as Fresh
