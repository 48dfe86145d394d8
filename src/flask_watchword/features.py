"""Public names for features of applications; ``examples/feature.py`` uses them.

Each name is listed here once. An import from here stays valid when modules move.
"""

from flask_watchword.accounts.accounts import Accounts as Accounts
from flask_watchword.accounts.errors import ErrorCode as ErrorCode
from flask_watchword.accounts.errors import Rejected as Rejected
from flask_watchword.accounts.one_time_codes import Purpose as Purpose
from flask_watchword.accounts.rate_limit_declarations import RateLimit as RateLimit
from flask_watchword.accounts.rate_limit_syntax import read_limit as read_limit
from flask_watchword.accounts.rate_limits import Hit as Hit
from flask_watchword.accounts.rate_limits import hit as hit
from flask_watchword.accounts.rate_limits import hits_by_address as hits_by_address
from flask_watchword.accounts.transaction import FeatureRepository as FeatureRepository
from flask_watchword.accounts.transaction import Repositories as Repositories
from flask_watchword.accounts.transaction import Repository as Repository
from flask_watchword.accounts.transaction import Transaction as Transaction
from flask_watchword.infra.sql.repository import SqlRepository as SqlRepository
from flask_watchword.service.access import ACCESS as ACCESS
from flask_watchword.service.access import ADMIN as ADMIN
from flask_watchword.service.access import PUBLIC as PUBLIC
from flask_watchword.service.access import RECENT_ADMIN as RECENT_ADMIN
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_ERRORS as CONFIRMATION_ERRORS,
)
from flask_watchword.service.authentication.confirmation import Confirmation as Confirmation
from flask_watchword.service.authentication.confirmation import (
    second_factor_verified as second_factor_verified,
)
from flask_watchword.service.authentication.factor import Factor as Factor
from flask_watchword.service.authentication.reauthentication import (
    reauthenticated_user as reauthenticated_user,
)
from flask_watchword.service.authentication.second_factor import (
    CHALLENGE_ERRORS as CHALLENGE_ERRORS,
)
from flask_watchword.service.authentication.second_factor import (
    answer_challenge as answer_challenge,
)
from flask_watchword.service.configuration.setting import Setting as Setting
from flask_watchword.service.configuration.settings import Settings as Settings
from flask_watchword.service.configuration.values import InvalidSetting as InvalidSetting
from flask_watchword.service.context import ServiceContext as ServiceContext
from flask_watchword.service.current_user import current_user as current_user
from flask_watchword.service.endpoint import endpoint as endpoint
from flask_watchword.service.feature import Feature as Feature
from flask_watchword.service.mail.kinds import NotificationKind as NotificationKind
from flask_watchword.service.rate_limiting import counting_failures as counting_failures
from flask_watchword.service.responses import Message as Message
from flask_watchword.service.responses import json_response as json_response
from flask_watchword.service.responses import no_content as no_content
from flask_watchword.service.token_response import CookieTokenResponse as CookieTokenResponse
from flask_watchword.service.token_response import TokenResponse as TokenResponse
from flask_watchword.service.token_response import TokenTransport as TokenTransport
