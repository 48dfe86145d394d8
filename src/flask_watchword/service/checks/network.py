"""Check the network configuration: public URL, proxies, CORS origins, demo."""

import ipaddress
from urllib.parse import urlsplit

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.web_origin import origin_of

#: The origin of an app's pages in Capacitor on Android: https, without a port.
_CAPACITOR_ON_ANDROID = "https://localhost"


def check_public_url(settings: Settings) -> CheckResult:
    """Check that browsers reach the service over TLS."""
    check, url = "public URL", settings.public_url
    if url is None:
        if is_this_machine(settings.host):
            return fine(check, "not set, and only this machine can connect")
        return warning(
            check,
            f"not set, and the service listens on {settings.host}: e-mail has no links, and the "
            "origin of requests from old browsers is compared with the Host header",
            "set WATCHWORD_PUBLIC_URL to the https:// address of your pages",
        )
    host = urlsplit(url).hostname or ""
    if urlsplit(url).scheme == "http" and not is_this_machine(host):
        return problem(
            check,
            "is http: passwords and tokens can be read in transit, and browsers reject the "
            "service's cookies, all of which are Secure",
            "put a proxy with TLS in front, and set WATCHWORD_PUBLIC_URL to its https:// address",
        )
    return fine(check, url)


def check_proxies(settings: Settings) -> CheckResult:
    """Check that the number of trusted proxies is configured."""
    check = "trusted proxies"
    if settings.trusted_proxies:
        return fine(check, f"{settings.trusted_proxies}; only they may be able to reach the port")
    remedy = "set WATCHWORD_TRUSTED_PROXIES to the number of your proxies that each request passes"
    if _is_https(settings):
        return warning(
            check,
            "0, but the public URL is https, so there must be a proxy: all clients have the "
            "proxy's address, and share one rate limit",
            remedy,
        )
    if not is_this_machine(settings.host):
        return warning(
            check,
            f"0, and the service listens on {settings.host}: behind a proxy all clients would have "
            "its address",
            remedy,
        )
    return fine(check, "0, and only this machine can connect")


def check_cors(settings: Settings) -> CheckResult:
    """Check the origins whose pages may act on behalf of logged-in users."""
    check, origins = "CORS origins", settings.cors_origins
    for origin in origins:
        parts = urlsplit(origin)
        host = parts.hostname or ""
        if parts.scheme == "http" and not is_this_machine(host):
            return problem(
                check,
                f"{origin} is http: an attacker on the network can change its pages, which may act "
                "on behalf of logged-in users",
                "list its https:// address",
            )
        if parts.scheme not in ("http", "https") or origin == _CAPACITOR_ON_ANDROID:
            continue  # a page inside an app
        if is_this_machine(host) and _is_https(settings):
            return warning(
                check,
                f"{origin} is a page on the user's own machine, as in development",
                "remove it if the service is public",
            )
        if settings.public_url is not None and origin == origin_of(settings.public_url):
            return warning(
                check, f"{origin} is the service's own origin, which needs no entry", "remove it"
            )
    return fine(check, ", ".join(origins) or "none")


def check_demo(settings: Settings) -> CheckResult:
    """Check that the demo user's public login is reachable from this machine only."""
    if not settings.demo:
        return fine("demo", "off")
    if is_this_machine(settings.host) and not _is_https(settings):
        return fine("demo", "on, and only this machine can connect")
    return problem(
        "demo", "on: anyone who can reach the service can log in", "remove WATCHWORD_DEMO"
    )


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine, by its spelling; no name is resolved."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_https(settings: Settings) -> bool:
    return urlsplit(settings.public_url or "").scheme == "https"
