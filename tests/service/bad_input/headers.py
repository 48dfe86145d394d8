"""Headers as a WSGI server passes them to the application."""

#: Headers that the service reads, and some that other software would read.
HEADERS = (
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-Ip",
    "Forwarded",
    "Origin",
    "Referer",
    "Sec-Fetch-Site",
    "Cookie",
    "Accept",
    "Accept-Language",
    "If-None-Match",
    "If-Modified-Since",
    "Range",
    "X-Csrf-Token",
    "X-Http-Method-Override",
    "X-Request-Id",
    "Idempotency-Key",
)


def environ(text: str, *headers: str) -> dict[str, str]:
    """Return headers in WSGI's form: bytes decoded as Latin-1 (PEP 3333)."""
    value = text.encode("utf-8").decode("latin-1")
    return {"HTTP_" + name.upper().replace("-", "_"): value for name in headers}
