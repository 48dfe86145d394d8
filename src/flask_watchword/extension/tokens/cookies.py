"""Tokens in cookies, and the CSRF value beside each."""

from typing import Any

from flask import Response, current_app

from flask_watchword.extension.options.values import cookie_max_age
from flask_watchword.extension.tokens.api import get_csrf_token
from flask_watchword.extension.tokens.unusable import complain

#: Bytes of name and value that browsers keep of a cookie (draft-ietf-httpbis-rfc6265bis section
#: 5.6); a larger one is dropped in silence.
_MAX_COOKIE_BYTES = 4096


def set_access_cookies(
    response: Response,
    encoded_access_token: str,
    max_age: int | None = None,
    domain: str | None = None,
) -> None:
    """Set the cookie of an access token, and that of its CSRF value.

    Args:
        response: the response to change.
        encoded_access_token: the token.
        max_age: seconds that the cookies live; ``None`` for JWT_SESSION_COOKIE's.
        domain: domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    _set_cookies(response, "ACCESS", encoded_access_token, max_age, domain)


def set_refresh_cookies(
    response: Response,
    encoded_refresh_token: str,
    max_age: int | None = None,
    domain: str | None = None,
) -> None:
    """Set the cookie of a refresh token, and that of its CSRF value.

    Args:
        response: the response to change.
        encoded_refresh_token: the token.
        max_age: seconds that the cookies live; ``None`` for JWT_SESSION_COOKIE's.
        domain: domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    _set_cookies(response, "REFRESH", encoded_refresh_token, max_age, domain)


def unset_jwt_cookies(response: Response, domain: str | None = None) -> None:
    """Delete the cookies of both tokens and of their CSRF values.

    Args:
        response: the response to change.
        domain: domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    unset_access_cookies(response, domain)
    unset_refresh_cookies(response, domain)


def unset_access_cookies(response: Response, domain: str | None = None) -> None:
    """Delete the cookies of the access token and of its CSRF value.

    Args:
        response: the response to change.
        domain: domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    _unset_cookies(response, "ACCESS", domain)


def unset_refresh_cookies(response: Response, domain: str | None = None) -> None:
    """Delete the cookies of the refresh token and of its CSRF value.

    Args:
        response: the response to change.
        domain: domain of the cookies; ``None`` for JWT_COOKIE_DOMAIN.
    """
    _unset_cookies(response, "REFRESH", domain)


def _set_cookies(
    response: Response, kind: str, token: str, max_age: int | None, domain: str | None
) -> None:
    life = cookie_max_age(current_app.config) if max_age is None else max_age
    # First, since it verifies the token: a view may pass on what a client sent.
    csrf = get_csrf_token(token) if _csrf_cookie_wanted() else None
    _token_cookie(response, kind, token, domain, max_age=life)
    if csrf is not None:
        _csrf_cookie(response, kind, csrf, domain, max_age=life)


def _unset_cookies(response: Response, kind: str, domain: str | None) -> None:
    _token_cookie(response, kind, "", domain, expires=0)
    if _csrf_cookie_wanted():
        _csrf_cookie(response, kind, "", domain, expires=0)


def _csrf_cookie_wanted() -> bool:
    config = current_app.config
    return bool(config["JWT_COOKIE_CSRF_PROTECT"] and config["JWT_CSRF_IN_COOKIES"])


def _token_cookie(
    response: Response, kind: str, value: str, domain: str | None, **life: Any
) -> None:
    config = current_app.config
    name = config[f"JWT_{kind}_COOKIE_NAME"]
    size = len(name) + len(value)
    if size > _MAX_COOKIE_BYTES:
        complain(
            config,
            f"browsers drop the cookie {name!r}: name and value have {size} bytes, and they keep "
            f"{_MAX_COOKIE_BYTES} at most; put less into the claims of the token, or send it in a "
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
        httponly=False,  # the page's script has to read it and send it back
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
        # Werkzeug has an argument for it from version 3.1 on only.
        *others, last = response.headers.getlist("Set-Cookie")
        response.headers.setlist("Set-Cookie", [*others, f"{last}; Partitioned"])
