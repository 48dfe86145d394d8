"""The built-in features of the service, and what a service is made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from flask import Blueprint

from flask_watchword.accounts.rate_limit_declarations import RateLimit
from flask_watchword.accounts.shared_limits import SHARED_LIMITS
from flask_watchword.service.authentication.confirmation import FactorAnswers
from flask_watchword.service.authentication.factor import Factor
from flask_watchword.service.configuration.setting import Setting, limit_setting
from flask_watchword.service.configuration.settings import CORE_SETTINGS, Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.feature import Feature
from flask_watchword.service.features.admin_users.feature import FEATURE as ADMIN_USERS
from flask_watchword.service.features.api_docs.feature import FEATURE as API_DOCS
from flask_watchword.service.features.api_tokens.feature import FEATURE as API_TOKENS
from flask_watchword.service.features.audit.feature import FEATURE as AUDIT
from flask_watchword.service.features.bootstrap_admin.feature import FEATURE as BOOTSTRAP_ADMIN
from flask_watchword.service.features.delete_account.feature import FEATURE as DELETE_ACCOUNT
from flask_watchword.service.features.demo.feature import FEATURE as DEMO
from flask_watchword.service.features.email_change.feature import FEATURE as EMAIL_CHANGE
from flask_watchword.service.features.email_verification.feature import (
    FEATURE as EMAIL_VERIFICATION,
)
from flask_watchword.service.features.health.feature import FEATURE as HEALTH
from flask_watchword.service.features.login.feature import FEATURE as LOGIN
from flask_watchword.service.features.metrics.feature import FEATURE as METRICS
from flask_watchword.service.features.password_change.feature import FEATURE as PASSWORD_CHANGE
from flask_watchword.service.features.password_reset.feature import FEATURE as PASSWORD_RESET
from flask_watchword.service.features.password_review.feature import FEATURE as PASSWORD_REVIEW
from flask_watchword.service.features.profile.feature import FEATURE as PROFILE
from flask_watchword.service.features.recovery_codes.feature import FEATURE as RECOVERY_CODES
from flask_watchword.service.features.registration.feature import FEATURE as REGISTRATION
from flask_watchword.service.features.sessions.feature import FEATURE as SESSIONS
from flask_watchword.service.features.signing_keys.feature import FEATURE as SIGNING_KEYS
from flask_watchword.service.features.totp.feature import FEATURE as TOTP
from flask_watchword.service.features.user_import.feature import FEATURE as USER_IMPORT
from flask_watchword.service.mail.kinds import NotificationKind
from flask_watchword.service.openapi.schemas import Struct
from flask_watchword.service.tokens import PASSWORD_METHOD

_DISABLED = "WATCHWORD_DISABLED_FEATURES"

#: The features in the order of the documentation.
FEATURES: Sequence[Feature] = (
    REGISTRATION,
    EMAIL_VERIFICATION,
    LOGIN,
    TOTP,
    PASSWORD_REVIEW,
    SESSIONS,
    PASSWORD_RESET,
    PASSWORD_CHANGE,
    EMAIL_CHANGE,
    PROFILE,
    DELETE_ACCOUNT,
    RECOVERY_CODES,
    API_TOKENS,
    ADMIN_USERS,
    SIGNING_KEYS,
    AUDIT,
    HEALTH,
    METRICS,
    API_DOCS,
    BOOTSTRAP_ADMIN,
    USER_IMPORT,
    DEMO,
)


def active_features(settings: Settings, added: Sequence[Feature] = ()) -> Sequence[Feature]:
    """Return the features of a service.

    Args:
        settings: name the built-in features that are left out.
        added: the features that an application adds.

    Raises:
        InvalidSetting: when a setting leaves out a feature that does not exist, or that another
            one requires.
    """
    known = {feature.name for feature in FEATURES}
    for name in settings.disabled_features:
        if name not in known:
            existing = ", ".join(sorted(known))
            why = f"there is no feature {name!r}; there are: {existing}"
            raise InvalidSetting(_DISABLED, why)
    left_out = {*settings.disabled_features, *(() if settings.demo else (DEMO.name,))}
    active = [*(one for one in FEATURES if one.name not in left_out), *added]
    names = [feature.name for feature in active]
    for feature in active:
        for required in feature.requires:
            if required not in names:
                why = f"{required} cannot be left out: {feature.name} requires it"
                raise InvalidSetting(_DISABLED, why)
    if len(names) > len(set(names)):
        raise RuntimeError("two features have the same name")
    factors = factors_of(active)
    if len(factors) > len({factor.field for factor in factors}):
        raise RuntimeError("two factors have the same field")
    if any(factor.amr == PASSWORD_METHOD for factor in factors):
        raise RuntimeError(f"the amr of a second factor cannot be {PASSWORD_METHOD!r}")
    return active


def endpoints_of(features: Iterable[Feature]) -> Sequence[Endpoint]:
    """Return the endpoints of features; a body with a second factor has a member for each."""
    features = tuple(features)
    factors = factors_of(features)
    return [_with_factors(one, factors) for feature in features for one in feature.endpoints]


def factors_of(features: Iterable[Feature]) -> Sequence[Factor]:
    """Return the second factors of features."""
    return [factor for feature in features for factor in feature.factors]


def feature_settings(feature: Feature) -> Sequence[Setting[Any]]:
    """Return the settings that belong to one feature, with those of its rate limits."""
    return [*feature.settings, *map(limit_setting, feature.rate_limits)]


def settings_of(features: Iterable[Feature]) -> Sequence[Setting[Any]]:
    """Return every setting of a service: of the core, of features, and of rate limits."""
    of_features = [one for feature in features for one in feature_settings(feature)]
    found = [*CORE_SETTINGS, *of_features, *map(limit_setting, SHARED_LIMITS)]
    if len(found) > len({one.name for one in found}):
        raise RuntimeError("two settings have the same name")
    return found


def rate_limits_of(features: Iterable[Feature]) -> Sequence[RateLimit]:
    """Return every rate limit of a service."""
    return [*(one for feature in features for one in feature.rate_limits), *SHARED_LIMITS]


def notification_kinds(features: Iterable[Feature]) -> Sequence[NotificationKind]:
    """Return the kinds of e-mail that features send."""
    return list(dict.fromkeys(kind for feature in features for kind in feature.notifications))


def code_lifetimes(settings: Settings, features: Iterable[Feature]) -> Mapping[str, float]:
    """Return the lifetimes of one-time codes in seconds, by the name of their purpose."""
    return {
        purpose: float(settings[setting])
        for feature in features
        for purpose, setting in feature.code_lifetimes.items()
    }


def template_folders(features: Iterable[Feature]) -> Sequence[Traversable]:
    """Return the folders with the templates of these e-mails."""
    return [feature.templates for feature in features if feature.templates is not None]


def build_api(endpoints: Iterable[Endpoint], context: ServiceContext) -> Blueprint:
    """Return a blueprint of these endpoints."""
    api = Blueprint("watchword", __name__)
    for one in endpoints:
        one.route(api, context)
    return api


def _with_factors(one: Endpoint, factors: Sequence[Factor]) -> Endpoint:
    if one.body is None or not issubclass(one.body, FactorAnswers):
        return one
    return replace(one, body=_body_with_factors(one.body, tuple(factors)))


@cache
def _body_with_factors(body: Struct, factors: tuple[Factor, ...]) -> Struct:
    # One class for all endpoints with this body, and so one schema in the OpenAPI document.
    members = [(factor.field, factor.answer_type | None, None) for factor in factors]
    return msgspec.defstruct(
        body.__name__,
        members,
        bases=(body,),
        module=body.__module__,
        namespace={"__doc__": body.__doc__},
        forbid_unknown_fields=True,
        kw_only=True,
    )
