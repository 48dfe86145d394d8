"""The headers that every answer of the service has, whatever it answers."""

from flask import Blueprint, Flask, Response

from flask_watchword.service.configuration.settings import Settings

#: Why each is there is in the architecture's page. What an endpoint says itself goes before them.
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
#: RFC 6797 section 6.1: a year. Of other hosts of the domain the service knows nothing.
_OVER_TLS_ALONE = {"Strict-Transport-Security": "max-age=31536000"}


def install_headers(target: Flask | Blueprint, settings: Settings) -> None:
    """Let every answer have these headers.

    Args:
        target: an application; or a blueprint, whose answers then have them and no others.
        settings: whether the service is known by ``https``.
    """
    over_tls = (settings.public_url or "").startswith("https:")
    headers = {**_ALWAYS, **(_OVER_TLS_ALONE if over_tls else {})}

    def add(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    target.after_request(add)
