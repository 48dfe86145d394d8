"""What the doctor looks at of other issuers: how their keys are fetched."""

from flask import Flask

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.extension.options.issuers import place, read_issuers
from flask_watchword.infra.errors import UnusableProxy
from flask_watchword.infra.factory import is_fetched_in_the_clear, probe_environment_proxy

#: Seconds that the proxy may take to answer.
_PROXY_SECONDS = 3.0


def check_issuer_transport(app: Flask) -> CheckResult:
    """Check that no other host on the network can replace the keys of an issuer."""
    check, issuers = "keys of other issuers", read_issuers(app.config)
    plain = [
        issuer.name for issuer in issuers if is_fetched_in_the_clear(issuer.name, issuer.jwks_url)
    ]
    if plain:
        named = ", ".join(map(place, plain))
        return warning(
            check,
            f"those of {named} are fetched by http: any host on that network can answer with keys "
            "of its own, and sign tokens with them",
            "use https, or make sure that no other host is on that network",
        )
    return fine(check, "fetched by https, or from this machine" if issuers else "none")


def check_issuer_proxy(app: Flask) -> CheckResult:
    """Check that the proxy through which keys are fetched is there."""
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
    return fine(check, f"{proxy} takes connections")
