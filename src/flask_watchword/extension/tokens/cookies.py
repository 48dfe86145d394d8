"""Set and delete the cookies with tokens and with their CSRF values."""

from typing import Any

from flask import Response, current_app

from flask_watchword.extension.options.values import cookie_max_age
from flask_watchword.extension.tokens.api import get_csrf_token
from flask_watchword.extension.tokens.unusable import report

#: The maximum size of a cookie's name and value in bytes (draft-ietf-httpbis-rfc6265bis section
#: 5.6). Browsers silently drop a larger cookie.
_MAX_COOKIE_BYTES = 4096


def set_access_cookies(
    response: Response,
    encoded_access_token: str,
    max_age: int | None = None,
    domain: str | None = None,
) -> None:
    """Set the cookie with an access token and the cookie with its CSRF value.

    Args:
        response: the response to modify.
        encoded_access_token: the token.
        max_age: the Max-Age of the cookies in seconds; ``None`` to use JWT_SESSION_COOKIE.
        domain: the domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    _set_cookies(response, "ACCESS", encoded_access_token, max_age, domain)


def set_refresh_cookies(
    response: Response,
    encoded_refresh_token: str,
    max_age: int | None = None,
    domain: str | None = None,
) -> None:
    """Set the cookie with a refresh token and the cookie with its CSRF value.

    Args:
        response: the response to modify.
        encoded_refresh_token: the token.
        max_age: the Max-Age of the cookies in seconds; ``None`` to use JWT_SESSION_COOKIE.
        domain: the domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    _set_cookies(response, "REFRESH", encoded_refresh_token, max_age, domain)


def unset_jwt_cookies(response: Response, domain: str | None = None) -> None:
    """Delete the cookies with both tokens and with their CSRF values.

    Args:
        response: the response to modify.
        domain: the domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    unset_access_cookies(response, domain)
    unset_refresh_cookies(response, domain)


def unset_access_cookies(response: Response, domain: str | None = None) -> None:
    """Delete the cookies with the access token and with its CSRF value.

    Args:
        response: the response to modify.
        domain: the domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    _unset_cookies(response, "ACCESS", domain)


def unset_refresh_cookies(response: Response, domain: str | None = None) -> None:
    """Delete the cookies with the refresh token and with its CSRF value.

    Args:
        response: the response to modify.
        domain: the domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    _unset_cookies(response, "REFRESH", domain)


def _set_cookies(
    response: Response, kind: str, token: str, max_age: int | None, domain: str | None
) -> None:
    life = cookie_max_age(current_app.config) if max_age is None else max_age
    # First, because it verifies the token, which a view may have received from a client.
    csrf = get_csrf_token(token) if _uses_csrf_cookie() else None
    _token_cookie(response, kind, token, domain, max_age=life)
    if csrf is not None:
        _csrf_cookie(response, kind, csrf, domain, max_age=life)


def _unset_cookies(response: Response, kind: str, domain: str | None) -> None:
    _token_cookie(response, kind, "", domain, expires=0)
    if _uses_csrf_cookie():
        _csrf_cookie(response, kind, "", domain, expires=0)


def _uses_csrf_cookie() -> bool:
    config = current_app.config
    return bool(config["JWT_COOKIE_CSRF_PROTECT"] and config["JWT_CSRF_IN_COOKIES"])


def _token_cookie(
    response: Response, kind: str, value: str, domain: str | None, **life: Any
) -> None:
    config = current_app.config
    name = config[f"JWT_{kind}_COOKIE_NAME"]
    size = len(name) + len(value)
    if size > _MAX_COOKIE_BYTES:
        report(
            config,
            f"browsers drop the cookie {name!r}: its name and value have {size} bytes, and the "
            f"limit is {_MAX_COOKIE_BYTES}; put less into the claims of the token, or send it in a "
            "header",
        )
    _set_cookie(
        response,
        name,
        value=value,
        path=config[f"JWT_{kind}_COOKIE_PATH"],
        httponly=True,
        domain=domain,
        **life,
    )


def _csrf_cookie(
    response: Response, kind: str, value: str, domain: str | None, **life: Any
) -> None:
    config = current_app.config
    _set_cookie(
        response,
        config[f"JWT_{kind}_CSRF_COOKIE_NAME"],
        value=value,
        path=config[f"JWT_{kind}_CSRF_COOKIE_PATH"],
        httponly=False,  # the page's script must read it and send it back
        domain=domain,
        **life,
    )


def _set_cookie(response: Response, name: str, *, domain: str | None, **attributes: Any) -> None:
    config = current_app.config
    partitioned = bool(config["JWT_COOKIE_PARTITIONED"])
    response.set_cookie(
        name,
        # Browsers drop a partitioned cookie that is not Secure.
        secure=config["JWT_COOKIE_SECURE"] or partitioned,
        domain=domain or config["JWT_COOKIE_DOMAIN"],
        samesite=config["JWT_COOKIE_SAMESITE"],
        **attributes,
    )
    if partitioned:
        # Werkzeug before 3.1 has no argument for it.
        *others, last = response.headers.getlist("Set-Cookie")
        response.headers.setlist("Set-Cookie", [*others, f"{last}; Partitioned"])
