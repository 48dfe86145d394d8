"""Check an application that uses the extension; each check is a small function of its options."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from flask import Flask

from flask_watchword.errors import InvalidKeyError
from flask_watchword.extension.callbacks.defaults import (
    default_blocklist_callback,
    default_decode_key_callback,
)
from flask_watchword.extension.checks.application_migrations import check_migrations
from flask_watchword.extension.checks.issuers import check_issuer_proxy, check_issuer_transport
from flask_watchword.extension.checks.known_faults import check_packages
from flask_watchword.extension.checks.misplaced import described, misplaced_decorators
from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.extension.checks.routes import routes_of
from flask_watchword.extension.checks.weak_secrets import weakness
from flask_watchword.extension.options.keys import signing_key, verifying_keys
from flask_watchword.extension.options.unknown_names import misspelled_options
from flask_watchword.extension.options.values import (
    Config,
    decode_algorithms,
    has_own_key,
    is_asymmetric,
    lifetime,
    token_locations,
)
from flask_watchword.extension.sessions.memory_store import REMEDY, configured_workers
from flask_watchword.extension.sessions.session_context import SESSIONS_KEY
from flask_watchword.extension.state import EXTENSION_KEY, state_of
from flask_watchword.infra.factory import memory_process_mark
from flask_watchword.infra.temporary_database import is_in_memory
from flask_watchword.jose import ALGORITHMS, Key

_MAKE_SECRET = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

#: Longest lifetimes without a warning.
_LONGEST_ACCESS = timedelta(hours=1)
_LONGEST_REFRESH = timedelta(days=90)
_LONGEST_LEEWAY = 300.0


def check_app(app: Flask) -> Iterator[CheckResult]:
    """Yield the result of each check of an application."""
    if EXTENSION_KEY not in app.extensions:
        yield problem("JWTManager", "not initialized, so no view is protected", "JWTManager(app)")
        return
    yield fine("JWTManager", "initialized")
    yield check_packages()
    yield check_names(app)
    for check in _CHECKS:
        try:
            yield check(app)
        except RuntimeError as error:
            # An option that was changed after the manager had read it.
            yield problem("options", str(error), "correct it, see docs/reference/options.md")
            return


def check_names(app: Flask) -> CheckResult:
    """Check option names for misspellings, including options set after the manager."""
    sentences = misspelled_options(app.config, "JWT_", also_beside_option=True)
    sentences += misspelled_options(app.config, "WATCHWORD_", also_beside_option=True)
    if sentences:
        return warning("option names", " ".join(sentences), "correct the name, or remove it")
    return fine("option names", "none misspelled")


def check_keys(app: Flask) -> CheckResult:
    """Check that the configured keys can be used."""
    check, state = "keys", state_of(app)
    if state.key_provider is not None:
        return fine(check, "in a store")
    if state.callbacks._decode_key_callback is not default_decode_key_callback:
        return fine(check, "chosen by a loader")
    if state.snapshot(app.config).decoding.issuers is not None and not has_own_key(app.config):
        return fine(check, "only those of other issuers")
    try:
        keys = verifying_keys(app.config)
        is_key_pair = _is_key_pair(keys, app.config)
    except (InvalidKeyError, RuntimeError) as error:
        return problem(check, str(error), "configure it, see docs/reference/options.md")
    if not is_key_pair:
        return problem(
            check,
            "JWT_PRIVATE_KEY and JWT_PUBLIC_KEY are not a key pair: every token is rejected",
            "set JWT_PUBLIC_KEY to the public key of JWT_PRIVATE_KEY",
        )
    return fine(check, f"{len(keys)}, for {', '.join(sorted({key.algorithm for key in keys}))}")


def check_secret(app: Flask) -> CheckResult:
    """Check that the secret is strong, and that it is not used for anything else."""
    check, config = "JWT_SECRET_KEY", app.config
    if not _signs_with_secret(app):
        return fine(check, "not used")
    own, of_flask = config["JWT_SECRET_KEY"], config.get("SECRET_KEY")
    secrets = {"JWT_SECRET_KEY": own} if own else {"SECRET_KEY": of_flask}
    earlier = config["JWT_SECRET_KEY_FALLBACKS"] or ()
    secrets |= {f"JWT_SECRET_KEY_FALLBACKS[{n}]": one for n, one in enumerate(earlier)}
    for name, secret in secrets.items():
        why = weakness(secret) if isinstance(secret, str | bytes) else None
        if why is not None:
            return problem(
                check, f"{name} {why}: anyone who guesses it can sign tokens", _MAKE_SECRET
            )
    if not own or own == of_flask:
        return warning(
            check,
            "is Flask's SECRET_KEY, which also signs session cookies: a leak compromises both, and "
            "they cannot be replaced separately",
            f"set a separate secret: {_MAKE_SECRET}",
        )
    return fine(check, "looks random, and is used for nothing else")


def check_algorithms(app: Flask) -> CheckResult:
    """Check that each algorithm exists, and that HMAC and asymmetric ones are not mixed."""
    check, accepted = "algorithms", decode_algorithms(app.config)
    unknown = [name for name in accepted if name not in ALGORITHMS]
    if unknown:
        return problem(
            check,
            f"JWT_DECODE_ALGORITHMS has an unknown algorithm: {', '.join(map(str, unknown))}",
            f"choose among {', '.join(ALGORITHMS)}",
        )
    if len({ALGORITHMS[name].family == "HMAC" for name in accepted}) > 1:
        return warning(
            check,
            f"{', '.join(accepted)}: some use a shared secret and some a key pair",
            "accept only the algorithm that signs, once older tokens have expired",
        )
    return fine(check, ", ".join(accepted))


def check_cookies(app: Flask) -> CheckResult:
    """Check that cookies are sent over TLS only, and that other sites cannot use them."""
    check, config = "cookies", app.config
    if "cookies" not in token_locations(config["JWT_TOKEN_LOCATION"]):
        return fine(check, "not used")
    if not config["JWT_COOKIE_CSRF_PROTECT"]:
        return problem(
            check,
            "JWT_COOKIE_CSRF_PROTECT is off: any site can send requests as a logged-in user",
            "JWT_COOKIE_CSRF_PROTECT = True, and send the value in X-CSRF-TOKEN",
        )
    if config["JWT_COOKIE_PARTITIONED"] and not config["JWT_COOKIE_SECURE"]:
        return problem(
            check,
            "JWT_COOKIE_PARTITIONED is on and JWT_COOKIE_SECURE is off: partitioned cookies are "
            "Secure, so browsers do not send them over http",
            "JWT_COOKIE_SECURE = True, and serve the application over https",
        )
    if not config["JWT_COOKIE_SECURE"]:
        return problem(
            check,
            "JWT_COOKIE_SECURE is off: tokens can be read in transit",
            "JWT_COOKIE_SECURE = True wherever the application is served over TLS",
        )
    missing = _CHANGING.difference(config["JWT_CSRF_METHODS"])
    if missing:
        return problem(
            check,
            f"JWT_CSRF_METHODS lacks {', '.join(sorted(missing))}",
            "list every method that changes data",
        )
    return _check_same_site(check, config)


def _check_same_site(check: str, config: Config) -> CheckResult:
    same_site = str(config["JWT_COOKIE_SAMESITE"] or "").lower()
    if config["JWT_COOKIE_PARTITIONED"]:
        if same_site == "none":
            return fine(check, "Secure, partitioned, and protected against forged requests")
        return warning(
            check,
            "JWT_COOKIE_PARTITIONED is on, but JWT_COOKIE_SAMESITE keeps the cookies out of frames "
            "on other sites, which partitioned cookies are for",
            'JWT_COOKIE_SAMESITE = "None", or JWT_COOKIE_PARTITIONED = False',
        )
    if same_site not in ("lax", "strict"):
        return warning(
            check,
            "JWT_COOKIE_SAMESITE is not set: old browsers send the cookies with every request from "
            "another site",
            'JWT_COOKIE_SAMESITE = "Lax"',
        )
    return fine(check, "Secure, SameSite, and protected against forged requests")


def check_locations(app: Flask) -> CheckResult:
    """Check that tokens are not read from a place that is logged."""
    check, locations = "JWT_TOKEN_LOCATION", token_locations(app.config["JWT_TOKEN_LOCATION"])
    if "query_string" in locations:
        return warning(
            check,
            "has query_string: URLs appear in logs, in browser histories and in Referer",
            "remove it, or set locations=... on the one view that needs it",
        )
    return fine(check, ", ".join(locations))


def check_lifetimes(app: Flask) -> CheckResult:
    """Check that a stolen token is not valid for long."""
    check = "lifetimes"
    bounds = {"access": _LONGEST_ACCESS, "refresh": _LONGEST_REFRESH}
    for kind, longest in bounds.items():
        name, life = f"JWT_{kind.upper()}_TOKEN_EXPIRES", lifetime(app.config, kind)
        if life is False:
            return problem(
                check, f"{name} is False: a stolen token never expires", "set a lifetime"
            )
        if isinstance(life, timedelta) and life > longest:
            return warning(
                check,
                f"{name} is {life}: a stolen token is valid for that long",
                f"{longest} or less",
            )
    leeway = app.config["JWT_DECODE_LEEWAY"]
    seconds = leeway.total_seconds() if isinstance(leeway, timedelta) else leeway
    if seconds > _LONGEST_LEEWAY:
        return warning(
            check,
            f"JWT_DECODE_LEEWAY is {seconds:.0f} s, by which every token lives longer",
            "synchronize the clocks with NTP, and set a minute at most",
        )
    return fine(check, "short")


def check_revocation(app: Flask) -> CheckResult:
    """Check that tokens can be revoked, in every worker."""
    check, state = "revocation", state_of(app)
    if state.revocations is not None:
        store, place = app.extensions[SESSIONS_KEY], app.config["WATCHWORD_SESSION_STORE"]
        if is_in_memory(place) or memory_process_mark(store) is not None:
            return _sessions_in_memory(check)
        return fine(check, "by Sessions")
    if state.callbacks._token_in_blocklist_callback is not default_blocklist_callback:
        return fine(check, "by a blocklist loader")
    if _accepts_refresh_tokens(app):
        return warning(
            check,
            "views accept refresh tokens that cannot be revoked: a stolen one is valid until it "
            "expires, unnoticed",
            "Sessions(app), which also detects copied refresh tokens",
        )
    return fine(check, "none, and no view accepts refresh tokens")


def _sessions_in_memory(check: str) -> CheckResult:
    workers = configured_workers()
    if workers is None:
        return warning(
            check,
            "sessions are in the memory of one process: a restart loses them, and a second worker "
            "would not have them",
            f"{REMEDY}; fine for tests",
        )
    return problem(
        check,
        f"sessions are in the memory of one process, but {workers[0]} is {workers[1]}: logins are "
        "lost at random, and revoked tokens stay valid",
        REMEDY,
    )


def check_audience(app: Flask) -> CheckResult:
    """Check that tokens for other applications are not accepted."""
    check, config = "issuer and audience", app.config
    if is_asymmetric(config["JWT_ALGORITHM"]) and config["JWT_DECODE_AUDIENCE"] is None:
        return warning(
            check,
            "JWT_DECODE_AUDIENCE is not set: a token that the same issuer signed for another "
            "application is accepted here",
            "set JWT_ENCODE_AUDIENCE and JWT_DECODE_AUDIENCE, and the same for the issuer",
        )
    return fine(check, "not needed" if config["JWT_DECODE_AUDIENCE"] is None else "checked")


def check_decorators(app: Flask) -> CheckResult:
    """Check that no decorator is above ``@app.route``, where it has no effect."""
    check, found = "decorators", misplaced_decorators(app)
    if not found:
        return fine(check, "none above @app.route")
    return problem(check, *described(found))


_CHECKS: tuple[Callable[[Flask], CheckResult], ...] = (
    check_keys,
    check_secret,
    check_algorithms,
    check_audience,
    check_issuer_transport,
    check_issuer_proxy,
    check_cookies,
    check_locations,
    check_lifetimes,
    check_revocation,
    check_decorators,
    check_migrations,
)


def _is_key_pair(keys: Sequence[Key], config: Config) -> bool:
    if not (config["JWT_PRIVATE_KEY"] and is_asymmetric(config["JWT_ALGORITHM"])):
        return True  # a secret, or an application that only verifies
    signer, message = signing_key(config), b"anything"
    signature = signer.sign(message)
    return any(key.algorithm == signer.algorithm and key.verify(message, signature) for key in keys)


def _signs_with_secret(app: Flask) -> bool:
    config: Config = app.config
    state = state_of(app)
    if state.key_provider is not None or is_asymmetric(config["JWT_ALGORITHM"]):
        return False
    return bool(config["JWT_SECRET_KEY"] or config.get("SECRET_KEY"))


def _accepts_refresh_tokens(app: Flask) -> bool:
    marks = (mark for route in routes_of(app) for mark in route.protections)
    return any("refresh=True" in mark.text for mark in marks)
