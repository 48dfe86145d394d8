"""Run all checks of a service: the settings, then every store that they name.

Nothing is created or changed: no file, no key, no schema. A store that does not respond is a
problem, and its content is not checked.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from flask_watchword.clock import system_clock
from flask_watchword.extension.checks.known_faults import check_packages
from flask_watchword.extension.checks.results import CheckResult, Level, fine, not_checked, problem
from flask_watchword.extras import MissingExtra
from flask_watchword.infra.errors import StoreUnavailable, in_one_line
from flask_watchword.infra.factory import (
    UnknownStore,
    database_state,
    holds_encrypted_values,
    valkey_states,
)
from flask_watchword.service.checks.accounts import (
    check_admins,
    check_demo_user,
    check_hashes,
)
from flask_watchword.service.checks.clocks import check_clock
from flask_watchword.service.checks.database_file import (
    check_file_mode,
    check_file_system,
    check_owner,
)
from flask_watchword.service.checks.encrypted_values import ENCRYPTED_VALUES, check_encrypted_values
from flask_watchword.service.checks.keys import (
    check_master_key,
    check_missing_master_key,
    check_signing_key,
)
from flask_watchword.service.checks.limits import (
    check_limits,
    check_min_password,
    check_refresh_grace,
)
from flask_watchword.service.checks.network import (
    check_cors,
    check_demo,
    check_proxies,
    check_public_url,
)
from flask_watchword.service.checks.secrets import check_files, check_shared, check_weak
from flask_watchword.service.checks.stores import (
    check_eviction,
    check_mail,
    check_persistence,
    check_schema,
)
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.features.table import active_features, factors_of
from flask_watchword.service.load_settings import environment, read_settings, secret_files
from flask_watchword.service.signing.master_key import found_encryptor, master_key_file
from flask_watchword.service.stores import encrypted_values_by_head, opened_accounts, opened_keys

if TYPE_CHECKING:
    from flask_watchword.infra.sql.state import DatabaseState

_OF_SETTINGS: tuple[Callable[[Settings], CheckResult], ...] = (
    check_weak,
    check_shared,
    check_public_url,
    check_proxies,
    check_cors,
    check_demo,
    check_limits,
    check_min_password,
    check_refresh_grace,
)
_OF_ACCOUNTS = ("user of the demo", "password hashes", "admins")


def run_checks(database: str | None = None) -> Iterator[CheckResult]:
    """Check the service that the environment configures; yield the results one by one.

    Args:
        database: the URL of a database that replaces the configured one.
    """
    try:
        variables = environment()
        settings = read_settings(variables, database=database)
        features = active_features(settings)
    except InvalidSetting as error:
        yield problem("settings", str(error), "correct it; nothing else was checked")
        return
    yield fine("settings", "all are valid")
    yield check_packages()
    yield check_files(secret_files(variables))
    for check in _OF_SETTINGS:
        yield check(settings)
    for feature in features:
        for check in feature.checks:
            yield check(settings)
    file = settings.database_file
    is_ours = True
    if file is not None:
        owner = check_owner(file)
        is_ours = owner.level is Level.OK
        yield owner
        yield check_file_mode(file)
        yield check_file_system(file)
    # SQLite would create missing files, and another user, such as root, would own them.
    if is_ours:
        yield from _check_databases(settings)
    else:
        yield not_checked("database", "it belongs to another user")
    for name, url in _valkey_urls(settings).items():
        yield from _check_valkey(name, url)
    yield check_mail(settings)


def _check_databases(settings: Settings) -> Iterator[CheckResult]:
    results, state = _check_database("database", settings.database)
    yield from results
    if state is not None and state.revision.is_newest:
        yield from _check_keys_and_accounts(settings)
    else:
        yield _master_key_alone(settings)
        for check in ("signing key", ENCRYPTED_VALUES, *_OF_ACCOUNTS):
            yield not_checked(check, "the database cannot be read")
    elsewhere = settings.sessions_elsewhere
    if elsewhere is not None and not _is_valkey(elsewhere):
        yield from _check_database("session store", elsewhere)[0]


def _check_database(name: str, url: str) -> tuple[list[CheckResult], "DatabaseState | None"]:
    try:
        state = database_state(url)
    except MissingExtra as error:
        return [problem(name, error.problem, error.remedy)], None
    except (StoreUnavailable, DBAPIError) as error:
        remedy = "check that it runs, and that the URL and its user are right"
        return [problem(name, f"does not respond: {_reason(error)}", remedy)], None
    results = [fine(name, "responds"), check_schema(name, state)]
    if state.ahead is not None:
        results.append(check_clock(f"the {name}", state.ahead))
    return results, state


def _master_key_alone(settings: Settings) -> CheckResult:
    try:
        found_encryptor(settings)
    except InvalidSetting as error:
        return problem("master key", str(error), "correct it")
    return not_checked("master key", "the database cannot be read")


def _check_keys_and_accounts(settings: Settings) -> Iterator[CheckResult]:
    now = system_clock()
    try:
        with opened_keys(settings) as keys:
            stored = keys.load()
        yield check_signing_key(stored, settings, now)
        encryptor = found_encryptor(settings)
        if encryptor is None:
            is_needed = holds_encrypted_values(settings.database)
            yield check_missing_master_key(master_key_file(settings), is_needed=is_needed)
            for check in (ENCRYPTED_VALUES, *_OF_ACCOUNTS):
                yield not_checked(check, "there is no master key")
            return
        yield check_master_key(stored, encryptor, now)
        yield check_encrypted_values(
            stored,
            encrypted_values_by_head(settings, len(encryptor.current_prefix)),
            encryptor,
            now,
        )
        with opened_accounts(settings) as accounts:
            yield check_demo_user(accounts.repositories, settings)
            yield check_hashes(accounts.repositories)
            yield check_admins(accounts.repositories, factors_of(active_features(settings)))
    except InvalidSetting as error:
        yield problem("master key", str(error), "correct it")
    except (StoreUnavailable, DBAPIError) as error:
        remedy = "check that it runs, and the privileges of its user"
        yield problem("database", f"cannot be read: {_reason(error)}", remedy)


def _valkey_urls(settings: Settings) -> dict[str, str]:
    found = {} if settings.valkey is None else {"Valkey server": settings.valkey}
    elsewhere = settings.session_store
    if elsewhere is not None and elsewhere != settings.valkey and _is_valkey(elsewhere):
        found["session store"] = elsewhere
    return found


def _check_valkey(name: str, url: str) -> Iterator[CheckResult]:
    try:
        states = valkey_states(url)
    except UnknownStore as error:
        yield problem(name, str(error), "correct its URL, or install the client")
        return
    except StoreUnavailable as error:
        remedy = "check that it runs, and that the URL and its password are right"
        yield problem(name, f"does not respond: {_reason(error)}", remedy)
        return
    yield fine(name, "responds")
    yield check_clock(f"the {name}", max((state.ahead for state in states), key=abs))
    yield check_eviction(name, states)
    yield check_persistence(name, states)


def _is_valkey(url: str) -> bool:
    return not url.startswith(("sqlite", "postgresql"))


def _reason(error: Exception) -> str:
    # SQLAlchemy's own message adds the statement and a link to the database's message.
    cause = error.orig if isinstance(error, DBAPIError) else error
    return in_one_line(str(cause))
