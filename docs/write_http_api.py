"""Write docs/reference/http-api.md from the OpenAPI document: `python -m docs.write_http_api`."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask

from flask_watchword import Watchword

PAGE = Path(__file__).parent / "reference" / "http-api.md"

Json = Mapping[str, Any]

_INTRODUCTION = """\
# HTTP API

Every endpoint of `watchword serve` and of `Watchword(app)`. With `Watchword(app, url_prefix="/auth")`
all paths begin with `/auth`. A running service publishes the same description as OpenAPI 3.1 at
`/openapi.json`, and as a page to try it out at `/docs`. That page loads nothing from other hosts and
works under `Content-Security-Policy: default-src 'self'`.

**Requests.** Bodies are JSON objects (`Content-Type: application/json`); `POST /token` takes a form.
Unknown fields, missing fields, fields of the wrong type and fields that are too long are rejected
with 422, and so are unknown query parameters. The response names the field in `field`. Invalid JSON
is rejected with 400; that includes objects with a repeated member, `NaN` and deep nesting.

**Tokens** are sent as `Authorization: Bearer <token>`, or [in cookies](../service/cookies.md).

**Errors** have a JSON body with `msg`, a sentence for people that may change, and `code`, which is
stable. [Error codes](error-codes.md) lists all of them.

The column *requires* uses these words:

- **access token**: of a session. Tokens of [API keys and clients](../service/api-keys.md) are
  rejected with `machine_token`.
- **second factor**: `code` or `recovery_code` in the body, if the user has set up TOTP.
- **admin**: the user has the role `admin`.
- **recent login**: the user logged in within the last hour.

This page is written by `docs/write_http_api.py`.
"""

#: Codes with which any invalid access or refresh token is rejected.
_OF_ANY_TOKEN = "missing_token"


@cache
def document() -> Json:
    """Return the OpenAPI document of a service without further settings."""
    app = Flask("documented")
    app.config["WATCHWORD_DATABASE"] = "sqlite://"
    with Watchword(app):
        found: Json = app.test_client().get("/openapi.json").get_json()
    return found


def operations() -> Iterator[tuple[str, Json]]:
    """Yield each endpoint as method and path, with its OpenAPI operation."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                shown = path.replace("{", "<").replace("}", ">")
                yield f"{method.upper()} {shown}", operation


def codes_of(operation: Json) -> Iterator[tuple[int, str]]:
    """Yield each status and error code of an endpoint."""
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        for code in schema.get("properties", {}).get("code", {}).get("enum", []):
            yield int(status), code


def page() -> str:
    """Return the page."""
    return "\n".join([_INTRODUCTION, *_overview(), *_endpoints(), *_objects()])


def _overview() -> Iterator[str]:
    yield "| endpoint | requires | what it does |"
    yield "| --- | --- | --- |"
    for name, operation in operations():
        anchor = f"#{_anchor(name)}"
        yield f"| [`{name}`]({anchor}) | {_required(operation)} | {operation['summary']} |"
    yield ""


def _anchor(name: str) -> str:
    """Return the name by which a link points to an endpoint's heading."""
    return "".join(char for char in name.lower() if char.isalnum() or char in " -_").replace(
        " ", "-"
    )


def _required(operation: Json) -> str:
    schemes = {name for choice in operation.get("security", []) for name in choice}
    codes = {code for _, code in codes_of(operation)}
    tokens = [
        name.replace("_", " ") for name in ("access_token", "refresh_token") if name in schemes
    ]
    words = [" or ".join(tokens)] if tokens else []
    words += ["second factor"] if "second_factor_required" in codes else []
    words += ["admin"] if "insufficient_role" in codes else []
    words += ["recent login"] if "insufficient_user_authentication" in codes else []
    return ", ".join(words)


def _endpoints() -> Iterator[str]:
    for name, operation in operations():
        yield f"## `{name}`\n"
        yield f"{operation['summary']}.\n"
        required = _required(operation)
        if required:
            yield f"Requires: {required}.\n"
        yield from _parameters(operation)
        yield from _body(operation)
        yield "Responses:\n"
        for status, response in operation["responses"].items():
            if int(status) < 300:
                yield f"- {status}{_content(response)}"
        yield from _errors(operation)
        yield ""


def _parameters(operation: Json) -> Iterator[str]:
    found = [each for each in operation.get("parameters", []) if each["in"] == "query"]
    if found:
        yield "| query parameter | type | notes |"
        yield "| --- | --- | --- |"
        for each in found:
            yield _row(each["name"], each["schema"])
        yield ""


def _body(operation: Json) -> Iterator[str]:
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(content["schema"])
        form = "" if kind == "application/json" else " (form)"
        yield f"| field{form} | type | notes |"
        yield "| --- | --- | --- |"
        for name, field in schema["properties"].items():
            yield _row(name, field, needed=name in schema.get("required", []))
        yield ""


def _row(name: str, schema: Json, *, needed: bool = False) -> str:
    words = ["required"] if needed else []
    # Of a member that may be null, the description is that of its other type.
    described = (each.get("description") for each in (schema, *schema.get("anyOf", [])))
    words += [_text(text) for text in described if text][:1]
    if schema.get("default") not in (None, "", []):
        words.append(f"default `{schema['default']}`")
    return f"| `{name}` | {_type(schema)} | {'; '.join(words)} |"


def _text(description: str) -> str:
    """Return a docstring's description as Markdown in a cell of a table."""
    return " ".join(description.replace("``", "`").split()).rstrip(".")


def _resolved(schema: Json) -> Json:
    if "$ref" not in schema:
        return schema
    resolved: Json = document()["components"]["schemas"][_named(schema)]
    return resolved


def _named(schema: Json) -> str:
    return str(schema["$ref"].rpartition("/")[2])


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return f"[{_named(schema)}](#{_named(schema).lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("format") == "date-time":
        return "time (RFC 3339)"
    return str(schema.get("type", "any"))


def _content(response: Json) -> str:
    kinds = []
    for kind, content in response.get("content", {}).items():
        schema = content.get("schema", {})
        kinds.append(_type(schema) if kind == "application/json" else f"`{kind}`")
    return f": {' or '.join(kinds)}" if kinds else ", without a body"


def _errors(operation: Json) -> Iterator[str]:
    by_status: dict[int, list[str]] = {}
    tokens = {code for status, code in codes_of(operation) if status in (401, 503)}
    for status, code in codes_of(operation):
        if _OF_ANY_TOKEN not in tokens or code not in token_codes():
            by_status.setdefault(status, []).append(f"`{code}`")
    if _OF_ANY_TOKEN in tokens:
        yield "- 401 or 503: any [token error](error-codes.md#tokens)"
    for status, codes in sorted(by_status.items()):
        yield f"- {status}: {', '.join(codes)}"


@cache
def token_codes() -> frozenset[str]:
    """Return the codes that every endpoint has which requires an access or refresh token."""
    found: list[set[str]] = [
        {code for _, code in codes_of(operation)} for _, operation in operations()
    ]
    of_tokens = [codes for codes in found if _OF_ANY_TOKEN in codes]
    open_to_all = [codes for codes in found if _OF_ANY_TOKEN not in codes]
    return frozenset(set[str].intersection(*of_tokens) - set[str].union(*open_to_all))


def _objects() -> Iterator[str]:
    yield "## Objects\n"
    bodies = {
        _named(content["schema"])
        for _, operation in operations()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }
    for name, schema in sorted(document()["components"]["schemas"].items()):
        if name in bodies or name.endswith("Query"):
            continue
        yield f"### {name}\n"
        yield f"{_text(schema['description'])}.\n"
        if schema.get("properties"):
            yield "| field | type | notes |"
            yield "| --- | --- | --- |"
            for field, described in schema["properties"].items():
                yield _row(field, described)
            yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
