"""How the service is reached: its public URL, its proxies, and the pages that may use it."""

import ipaddress
from urllib.parse import urlsplit

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.web_origin import origin_of

#: Where Capacitor has an app's pages on Android: https, and without a port.
_CAPACITOR_ON_ANDROID = "https://localhost"


def check_public_url(settings: Settings) -> CheckResult:
    """Check that browsers reach the service by TLS."""
    check, url = "public URL", settings.public_url
    if url is None:
        if is_this_machine(settings.host):
            return fine(check, "not set, and only this machine can connect")
        return warning(
            check,
            f"not set, and the service listens on {settings.host}: e-mail has no links, and old "
            "browsers are compared with the Host header",
            "set WATCHWORD_PUBLIC_URL to the https:// address of your pages",
        )
    host = urlsplit(url).hostname or ""
    if urlsplit(url).scheme == "http" and not is_this_machine(host):
        return problem(
            check,
            "is http: passwords and tokens can be read on the way, and browsers keep no cookie of "
            "the service, all of which are Secure",
            "put a proxy with TLS in front, and set WATCHWORD_PUBLIC_URL to its https:// address",
        )
    return fine(check, url)


def check_proxies(settings: Settings) -> CheckResult:
    """Check that the service knows whose word about addresses counts."""
    check = "trusted proxies"
    if settings.trusted_proxies:
        return fine(check, f"{settings.trusted_proxies}; nobody else may reach the port")
    remedy = "set WATCHWORD_TRUSTED_PROXIES to how many proxies of yours each request comes through"
    if _is_https(settings):
        return warning(
            check,
            "0, but the public URL is https, which a proxy has to end: everybody has the proxy's "
            "address, and their tries are counted together",
            remedy,
        )
    if not is_this_machine(settings.host):
        return warning(
            check,
            f"0, and the service listens on {settings.host}: behind a proxy everybody would have "
            "its address",
            remedy,
        )
    return fine(check, "0, and only this machine can connect")


def check_cors(settings: Settings) -> CheckResult:
    """Check the origins whose pages may act for who is logged in."""
    check, origins = "CORS origins", settings.cors_origins
    for origin in origins:
        parts = urlsplit(origin)
        host = parts.hostname or ""
        if parts.scheme == "http" and not is_this_machine(host):
            return problem(
                check,
                f"{origin} is http: whoever is on the way changes its pages, which may act for "
                "who is logged in",
                "list its https:// address",
            )
        if parts.scheme not in ("http", "https") or origin == _CAPACITOR_ON_ANDROID:
            continue  # an app's own page
        if is_this_machine(host) and _is_https(settings):
            return warning(
                check,
                f"{origin} is a page on the user's own machine, as while developing",
                "take it out where the service is public",
            )
        if settings.public_url is not None and origin == origin_of(settings.public_url):
            return warning(
                check, f"{origin} is the service's own, which needs no leave", "take it out"
            )
    return fine(check, ", ".join(origins) or "none")


def check_demo(settings: Settings) -> CheckResult:
    """Check that a login which everybody knows is reached from this machine alone."""
    if not settings.demo:
        return fine("demo", "off")
    if is_this_machine(settings.host) and not _is_https(settings):
        return fine("demo", "on, and only this machine can connect")
    return problem("demo", "on: whoever reaches the service can log in", "take WATCHWORD_DEMO out")


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine alone, by its spelling; no name is looked up."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_https(settings: Settings) -> bool:
    return urlsplit(settings.public_url or "").scheme == "https"
