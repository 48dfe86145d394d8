"""Checks of JWT_ISSUERS: how the keys of other issuers are fetched."""

from flask import Flask

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.extension.options.issuers import place, read_issuers
from flask_watchword.infra.errors import UnusableProxy
from flask_watchword.infra.factory import is_fetched_in_the_clear, probe_environment_proxy

#: Connection timeout of the proxy in seconds.
_PROXY_SECONDS = 3.0


def check_issuer_transport(app: Flask) -> CheckResult:
    """Check that keys are fetched over TLS, so that no other host can replace them."""
    check, issuers = "keys of other issuers", read_issuers(app.config)
    plain = [
        issuer.name for issuer in issuers if is_fetched_in_the_clear(issuer.name, issuer.jwks_url)
    ]
    if plain:
        named = ", ".join(map(place, plain))
        return warning(
            check,
            f"those of {named} are fetched over http: any host on that network can replace them "
            "and then sign tokens",
            "use https, or make sure that no other host is on that network",
        )
    return fine(check, "fetched over https, or from this machine" if issuers else "none")


def check_issuer_proxy(app: Flask) -> CheckResult:
    """Check that the proxy for fetching keys accepts connections."""
    check = "proxy"
    named = [i.name for i in read_issuers(app.config) if i.environment_proxy]
    if not named:
        return fine(check, "not used")
    try:
        proxy = probe_environment_proxy(_PROXY_SECONDS)
    except UnusableProxy as error:
        return problem(check, str(error), "correct HTTPS_PROXY")
    except OSError as error:
        return problem(check, str(error), "start the proxy, or correct HTTPS_PROXY")
    if proxy is None:
        return warning(
            check,
            f"{place(named[0], 'environment_proxy')} is set and HTTPS_PROXY is not: keys are "
            "fetched directly",
            "set HTTPS_PROXY for this process, or remove the option",
        )
    return fine(check, f"{proxy} accepts connections")
