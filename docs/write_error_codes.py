"""Write docs/reference/error-codes.md from the OpenAPI document: `python -m docs.write_error_codes`."""

from collections.abc import Iterator
from pathlib import Path

from docs.write_http_api import token_codes
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.table import active_features, endpoints_of

PAGE = Path(__file__).parent / "reference" / "error-codes.md"

_INTRODUCTION = """\
# Error codes

An error of the [service](../service/getting-started.md) has a JSON body:

```json
{"msg": "Bad email or password", "code": "invalid_credentials"}
```

`code` is stable; `msg` is a sentence for people and may change. Depending on the code there are more
members: `field` names the field that is wrong, `pending_token` continues a login. Responses with
status 429 and 503 have the header `Retry-After`, in seconds. Responses with status 401 have
`WWW-Authenticate`.

For every endpoint, [the HTTP API](http-api.md) lists the codes it can return. Errors of the
extension, which an application's own views return, are in [Error
handling](../extension/error-handling.md).

This page is written by `docs/write_error_codes.py`.
"""

_TOKENS = """\
## Tokens

Every endpoint that requires an access or refresh token can return these.
"""

_OTHERS = """\
## Other errors
"""

#: Errors of Flask's routing. They belong to no endpoint, so the OpenAPI document does not list them.
_OF_ROUTING = {
    "not_found": (404, "There is nothing at this path."),
    "method_not_allowed": (405, "The path exists, but not with this method."),
}


def meanings() -> dict[str, dict[int, str]]:
    """Return the meaning of every error code, by code and HTTP status."""
    found = {code: {status: meaning} for code, (status, meaning) in _OF_ROUTING.items()}
    for one in endpoints_of(active_features(Settings())):
        for error in one.every_error():
            found.setdefault(error.code, {}).setdefault(error.status, error.meaning)
    return found


def page() -> str:
    """Return the page."""
    of_tokens = token_codes()
    others = meanings().keys() - of_tokens
    return "\n".join([_INTRODUCTION, _TOKENS, *_table(of_tokens), _OTHERS, *_table(others)])


def _table(codes: frozenset[str] | set[str]) -> Iterator[str]:
    yield "| code | status | meaning |"
    yield "| --- | --- | --- |"
    for code in sorted(codes):
        for status, meaning in sorted(meanings()[code].items()):
            yield f"| `{code}` | {status} | {meaning} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
