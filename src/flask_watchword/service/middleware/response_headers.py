"""Security headers of every response."""

from flask import Blueprint, Flask, Response

from flask_watchword.service.configuration.settings import Settings

#: ``docs/architecture.md`` explains each. A header that an endpoint sets takes precedence.
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
#: RFC 6797 section 6.1: one year. Without ``includeSubDomains``: the service does not know whether
#: other hosts of the domain use TLS.
_TLS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


def install_headers(target: Flask | Blueprint, settings: Settings) -> None:
    """Add the headers to every response.

    Args:
        target: an application; or a blueprint, whose responses then are the only ones with them.
        settings: whether the public URL uses ``https``.
    """
    over_tls = (settings.public_url or "").startswith("https:")
    headers = {**_ALWAYS, **(_TLS_ONLY if over_tls else {})}

    def add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    target.after_request(add)
