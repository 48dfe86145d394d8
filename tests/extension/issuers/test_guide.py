"""The code of the guide runs as the guide describes."""

import re
from pathlib import Path
from typing import Any

from flask import Flask

from flask_watchword.infra.http import connection as connecting
from flask_watchword.infra.http import freshness, http_get, remote_keys
from flask_watchword.infra.http import jwks_location as location
from tests.extension.issuers.others import ABSENT, Other, Place, signed
from tests.infra.http.site import Site

PAGE = Path(__file__).parents[3] / "docs" / "extension" / "other-issuers.md"
GUIDE = PAGE.read_text(encoding="utf-8")
KEYCLOAK = "https://login.example.com/realms/shop"
AUTH0 = "https://tenant.eu.example.com/"


def application(keycloak: Other, auth0: Other) -> Flask:
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
    here = code.replace(KEYCLOAK, keycloak.name).replace(
        f"{AUTH0}.well-known/jwks.json", auth0.site.url(auth0.jwks_path)
    )
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(here.replace(AUTH0, auth0.name), PAGE, "exec"), names)  # noqa: S102
    app = names["app"]
    assert isinstance(app, Flask)
    return app


def test_application_of_the_guide_accepts_the_tokens_of_both_issuers(site: Site) -> None:
    keycloak, auth0 = Other(site, "/realms/shop", "RS256"), Other(site, "/tenant/", "RS256")
    client = application(keycloak, auth0).test_client()
    ada = keycloak.token(aud=["account", "shop-api"], sub="f3a1", typ="Bearer", sid="s")
    answer = client.get("/orders", headers={"Authorization": f"Bearer {ada}"})
    assert answer.get_json() == {"issuer": keycloak.name, "subject": "f3a1"}
    for token, status_and_text in (
        (auth0.token({"typ": "at+jwt"}, aud="https://api.example.com", sub="f3a1"), 401),
        (keycloak.token(aud="shop-api", sub="other"), 401),
        (keycloak.token(aud="account", sub="f3a1"), 422),
        (keycloak.token(aud="shop-api", sub="f3a1", iss=auth0.name), 422),
    ):
        answer = client.get("/orders", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status_and_text
    assert site.asked("/realms/shop/.well-known/openid-configuration") == 1
    assert site.asked("/tenant/.well-known/openid-configuration") == 0


def test_guide_has_a_row_for_each_member() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert rows == [
        "audience",
        "jwks_url",
        "algorithms",
        "subject_required",
        "environment_proxy",
        "allow_http",
    ]


def test_responses_in_the_guide_are_the_real_ones(place: Place, one: Other, two: Other) -> None:
    two.break_down()
    forged = signed(one.claims(), b"a secret" * 4, "HS256", {"kid": "key-0"})
    answers = [
        place.get(one.token(iss=one.name + "/")),
        place.get(one.token(aud="another-api")),
        place.get(one.token(aud=ABSENT)),
        place.get(one.token({"kid": "unknown"})),
        place.get(forged),
        place.get(two.token()),
    ]
    status_and_text = [
        (str(a.status_code), a.get_json().get("code") or a.get_json()["msg"]) for a in answers
    ]
    rows = re.findall(r"^\| (\d+) (?:with the code )?`([^`]+)` \|", GUIDE, re.MULTILINE)
    assert rows == status_and_text


def test_numbers_in_the_guide_are_those_of_the_code() -> None:
    hours = freshness.LONGEST / 3600
    figures = {
        f"{location.TOTAL_SECONDS:.0f} seconds for everything, {connecting.CONNECT_SECONDS:.0f} of",
        f"{http_get.MAX_BYTES // 1024} KiB",
        f"at least {freshness.SHORTEST / 60:.0f} minutes and at most {hours:.0f}",
        f"longer than {remote_keys.PATIENCE:.0f} seconds after it began",
        f"at most once in {remote_keys.COOLDOWN:.0f} seconds",
        f"{remote_keys.FIRST_PAUSE:.0f}, 2, 4 … {remote_keys.LONGEST_PAUSE:.0f} seconds",
    }
    words = " ".join(GUIDE.split())
    assert {figure for figure in figures if figure not in words} == set()
    assert (freshness.DEFAULT, remote_keys.STALE_SECONDS) == (3600, 24 * 3600)
    assert http_get.MAX_REDIRECTS == 3
