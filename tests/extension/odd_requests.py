"""Requests that are unusual outside the token: headers, cookies, queries and bodies."""

import json
from collections.abc import Iterator, Mapping

from tests.extension.minted_tokens import CSRF, mint
from tests.extension.scenario import FORM, JSON, Request

TOKEN = mint("HS256")
REFRESH = mint("HS256", type="refresh")

AUTHORIZATIONS: Mapping[str, str] = {
    "empty": "",
    "space": " ",
    "scheme-alone": "Bearer",
    "scheme-and-space": "Bearer ",
    "usual-scheme": f"Bearer {TOKEN}",
    "lower-scheme": f"bearer {TOKEN}",
    "upper-scheme": f"BEARER {TOKEN}",
    "mixed-scheme-second": f"Basic dXNlcjpwYXNz, bEARER {TOKEN}",
    "other-scheme": "Basic dXNlcjpwYXNz",
    "token-alone": TOKEN,
    "scheme-glued": f"Bearer{TOKEN}",
    "three-words": f"Bearer {TOKEN} more",
    "two-spaces": f"Bearer  {TOKEN}",
    "tab": f"Bearer\t{TOKEN}",
    "trailing-space": f"Bearer {TOKEN} ",
    "trailing-tab": f"Bearer {TOKEN}\t",
    "trailing-no-break-space": f"Bearer {TOKEN}\xa0",
    "leading-tab": f"\tBearer {TOKEN}",
    "space-comma": f"Bearer {TOKEN} ,",
    "space-before-expired": f"Bearer  {mint('HS256', exp=1)}",
    "outer-spaces": f"  Bearer {TOKEN}  ",
    "no-break-space": f"Bearer\xa0{TOKEN}",
    "next-line": f"Bearer\x85{TOKEN}",
    "comma": ",",
    "commas": ",,,",
    "comma-space": ", ",
    "commas-and-a-letter": ", ,x",
    "comma-tab-comma": f",\t,Bearer {TOKEN}",
    "leading-comma": f",Bearer {TOKEN}",
    "trailing-comma": f"Bearer {TOKEN},",
    "trailing-commas": f"Bearer {TOKEN},,",
    "comma-after-scheme": f"Bearer,{TOKEN}",
    "second": f"Basic dXNlcjpwYXNz, Bearer {TOKEN}",
    "second-glued": f"Basic dXNlcjpwYXNz,Bearer {TOKEN}",
    "first": f"Bearer {TOKEN}, Basic dXNlcjpwYXNz",
    "twice": f"Bearer {TOKEN}, Bearer {TOKEN}",
    "empty-between": f"Bearer {TOKEN},  , Basic x",
    "scheme-alone-second": f"Basic x, Bearer, {TOKEN}",
    "quoted": f'Bearer "{TOKEN}"',
    "not-ascii": "Bearer ünïcode",
    "not-ascii-scheme": f"Béarer {TOKEN}",
    "percent": "Bearer %00",
    "long": "Bearer " + "a" * 20_000,
    "many-commas": "Bearer x," * 2000,
}

COOKIES: Mapping[str, str] = {
    "empty": "access_token_cookie=",
    "no-value": "access_token_cookie",
    "quoted": f'access_token_cookie="{TOKEN}"',
    "twice": f"access_token_cookie={TOKEN}; access_token_cookie=other",
    "other-first": f"access_token_cookie=other; access_token_cookie={TOKEN}",
    "spaced": f"access_token_cookie = {TOKEN}",
    "other-name": f"token={TOKEN}",
    "refresh-name": f"refresh_token_cookie={REFRESH}",
    "not-ascii": "access_token_cookie=ünïcode",
    "octal": r'access_token_cookie="\303\274"',
    "semicolons": ";;;",
}

QUERIES: Mapping[str, str] = {
    "empty": "jwt=",
    "no-value": "jwt",
    "twice": f"jwt={TOKEN}&jwt=other",
    "other-first": f"jwt=other&jwt={TOKEN}",
    "other-name": f"token={TOKEN}",
    "plus": f"jwt=+{TOKEN}",
    "not-utf8": "jwt=%ff%fe",
    "nul": "jwt=%00",
    "surrogate": "jwt=%ed%a0%80",
    "not-ascii": "jwt=%C3%BC",
    "prefix": f"jwt=Bearer%20{TOKEN}",
    "prefix-glued": f"jwt=Bearer{TOKEN}",
}

BODIES: Mapping[str, tuple[bytes, str | None]] = {
    "empty": (b"", JSON),
    "no-type": (json.dumps({"access_token": TOKEN}).encode(), None),
    "text-type": (json.dumps({"access_token": TOKEN}).encode(), "text/plain"),
    "form-type": (json.dumps({"access_token": TOKEN}).encode(), FORM),
    "charset": (json.dumps({"access_token": TOKEN}).encode(), JSON + "; charset=utf-8"),
    "vendor-type": (json.dumps({"access_token": TOKEN}).encode(), "application/vnd.x+json"),
    "upper-type": (json.dumps({"access_token": TOKEN}).encode(), "Application/JSON"),
    "object-empty": (b"{}", JSON),
    "list": (b"[]", JSON),
    "list-with-token": (json.dumps([TOKEN]).encode(), JSON),
    "string": (json.dumps(TOKEN).encode(), JSON),
    "string-empty": (b'""', JSON),
    "number": (b"1", JSON),
    "zero": (b"0", JSON),
    "null": (b"null", JSON),
    "true": (b"true", JSON),
    "false": (b"false", JSON),
    "nan": (b"NaN", JSON),
    "not-json": (b"{access_token", JSON),
    "cut-short": (b'{"access_token": "', JSON),
    "not-utf8": (b'{"access_token": "\xff"}', JSON),
    "utf16": (json.dumps({"access_token": TOKEN}).encode("utf-16"), JSON),
    "bom": (b"\xef\xbb\xbf" + json.dumps({"access_token": TOKEN}).encode(), JSON),
    "deep": (b"[" * 100_000, JSON),
    "key-null": (b'{"access_token": null}', JSON),
    "key-false": (b'{"access_token": false}', JSON),
    "key-true": (b'{"access_token": true}', JSON),
    "key-number": (b'{"access_token": 7}', JSON),
    "key-zero": (b'{"access_token": 0}', JSON),
    "key-float": (b'{"access_token": 1.5}', JSON),
    "key-list": (json.dumps({"access_token": [TOKEN]}).encode(), JSON),
    "key-list-empty": (b'{"access_token": []}', JSON),
    "key-object": (b'{"access_token": {"a": 1}}', JSON),
    "key-empty": (b'{"access_token": ""}', JSON),
    "key-surrogate": (b'{"access_token": "\\ud800"}', JSON),
    "key-not-ascii": ('{"access_token": "ünïcode"}'.encode(), JSON),
    "key-twice": (f'{{"access_token": "x", "access_token": "{TOKEN}"}}'.encode(), JSON),
    "key-spaced": (json.dumps({"access_token": f" {TOKEN} "}).encode(), JSON),
    "refresh-key": (json.dumps({"refresh_token": REFRESH}).encode(), JSON),
}


def _authorized(value: str) -> list[tuple[str, str]]:
    return [("Authorization", value)]


def _mixed() -> Iterator[tuple[str, Request]]:
    cookie = ("Cookie", f"access_token_cookie={TOKEN}")
    bearer = ("Authorization", f"Bearer {TOKEN}")
    yield "nothing", Request()
    yield "nothing-posted", Request(method="POST")
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
        yield f"cookie-{method}", Request(method=method, headers=[cookie])
        csrf = ("X-CSRF-TOKEN", CSRF)
        yield f"cookie-csrf-{method}", Request(method=method, headers=[cookie, csrf])
    yield "preflight", Request(method="OPTIONS")
    yield "preflight-bad", Request(method="OPTIONS", headers=_authorized("Bearer garbage"))
    yield "csrf-empty", Request(method="POST", headers=[cookie, ("X-CSRF-TOKEN", "")])
    yield "good-header-bad-cookie", Request(headers=[bearer, ("Cookie", "access_token_cookie=x")])
    yield "bad-header-good-cookie", Request(headers=[*_authorized("Bearer x"), cookie])
    yield "no-header-good-cookie-bad-query", Request(headers=[cookie], query="jwt=x")
    yield "other-scheme-good-query", Request(headers=_authorized("Basic x"), query=f"jwt={TOKEN}")
    yield "three-words-good-query", Request(headers=_authorized("Bearer a b"), query=f"jwt={TOKEN}")
    yield "two-headers", Request(headers=[bearer, bearer])
    yield "header-and-bad-json", Request("/plain", "POST", [bearer], body=b"{", content_type=JSON)
    yield "cookie-uncsrfed-and-query", Request("/plain", "POST", [cookie], query=f"jwt={TOKEN}")


def _all() -> Iterator[tuple[str, str, Request]]:
    for name, value in AUTHORIZATIONS.items():
        yield "odd-header", name, Request(headers=_authorized(value))
    for name, value in COOKIES.items():
        yield "odd-cookies", name, Request(headers=[("Cookie", value)])
    for name, value in QUERIES.items():
        yield "odd-query", name, Request(query=value)
    for name, (body, content_type) in BODIES.items():
        yield "odd-body", name, Request(method="POST", body=body, content_type=content_type)
    for name, request in _mixed():
        yield "odd-mixture", name, request


#: Every odd request by its kind and name.
ODD_REQUESTS: Mapping[tuple[str, str], Request] = {
    (kind, name): request for kind, name, request in _all()
}
