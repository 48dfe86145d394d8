"""``Feature``: one part of the service, which can be left out or added."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any

from sqlalchemy import Engine, Table

from flask_watchword.accounts.rate_limit_declarations import RateLimit
from flask_watchword.accounts.transaction import Repository
from flask_watchword.extension.checks.results import CheckResult
from flask_watchword.infra.sql.account_stores import RepositoryFactory
from flask_watchword.infra.sql.cleanup import CleanupStep
from flask_watchword.service.authentication.factor import Factor
from flask_watchword.service.configuration.setting import Setting
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.context import LoginCheck
from flask_watchword.service.endpoint import Endpoint
from flask_watchword.service.mail.kinds import NotificationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One part of the service, declared in one place.

    The service derives everything else from it: routes, the OpenAPI document, error codes, the
    audit events that may be written, e-mails, settings, tables, clean-up and checks. Pass your own
    to ``Watchword(app, features=[...])``.

    Attributes:
        name: the name of the feature, by which ``WATCHWORD_DISABLED_FEATURES`` leaves it out.
        summary: one sentence for the documentation.
        requires: the names of the features that it cannot work without.
        endpoints: its endpoints.
        settings: its settings. A view reads them as ``context.settings[SETTING]``.
        rate_limits: its rate limits, each of which is a setting.
        audit_events: the events that it writes to the audit log, each with its meaning.
        notifications: the e-mails that it sends.
        templates: the folder of the templates of these e-mails.
        code_lifetimes: for each purpose of its one-time codes, the setting with their lifetime in
            seconds.
        factors: the second factors that it adds to the login.
        login_checks: run after the password was right and no second factor is needed; one that
            raises :class:`~flask_watchword.accounts.errors.Rejected` rejects the login.
        repositories: makes its repositories, by their keys.
        tables: its tables, which are created when the service starts and they are missing. The
            tables of the built-in features belong to the schema of the service.
        cleanup: deletes what has expired: gets the database, the time in seconds since the epoch
            and the most rows to delete, and returns how many it deleted.
        in_use: tells whether users depend on the feature, because they have enrolled a factor. The
            service does not start without it then: their second factor would be skipped.
        checks: checks for ``watchword doctor``.
        commands: the commands that a built-in feature adds to ``watchword``, as
            ``module:function``. ``watchword`` runs without an application, so it does not know the
            commands of an application's feature.
    """

    name: str
    summary: str
    requires: Sequence[str] = ()
    endpoints: Sequence[Endpoint] = ()
    settings: Sequence[Setting[Any]] = ()
    rate_limits: Sequence[RateLimit] = ()
    audit_events: Mapping[str, str] = field(default_factory=dict)
    notifications: Sequence[NotificationKind] = ()
    templates: Traversable | None = None
    code_lifetimes: Mapping[str, Setting[int]] = field(default_factory=dict)
    factors: Sequence[Factor] = ()
    login_checks: Sequence[LoginCheck] = ()
    repositories: Mapping[Repository[Any], RepositoryFactory] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    cleanup: Sequence[CleanupStep] = ()
    in_use: Callable[[Engine], bool] | None = None
    checks: Sequence[Callable[[Settings], CheckResult]] = ()
    commands: Sequence[str] = ()
