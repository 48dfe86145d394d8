"""A token is verified only with the keys of the issuer that it names."""

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from tests.extension.issuers.others import (
    ABSENT,
    AUDIENCE,
    Other,
    Place,
    options,
    private_key,
    public_jwk,
    signed,
)
from tests.extension.signing_keys import HMAC_SECRET
from tests.infra.http.elapsed import Elapsed
from tests.infra.http.site import Site

SIGNATURE = (422, "Signature verification failed")
ISSUER = (422, "Invalid issuer")


def test_tokens_of_several_issuers_and_own_tokens_are_accepted_together(
    place: Place, one: Other, two: Other
) -> None:
    for other in (one, two, one):
        answer = place.get(other.token())
        assert (answer.status_code, answer.get_json()["iss"]) == (200, other.name)
    assert place.get(place.own_token()).status_code == 200


def test_issuers_are_found_by_discovery_or_configuration(
    elapsed: Elapsed, site: Site, one: Other
) -> None:
    discovered = Place(elapsed, options(one))
    configured = Place(elapsed, options(one, jwks_url=site.url(one.jwks_path)))
    assert discovered.get(one.token()).status_code == 200
    assert len(site.requests) == 2
    assert configured.get(one.token()).status_code == 200
    assert len(site.requests) == 3


def test_issuer_that_is_not_a_url_works_with_configured_keys(
    elapsed: Elapsed, site: Site, one: Other
) -> None:
    one.name = "the shop"
    place = Place(elapsed, options(one, jwks_url=site.url(one.jwks_path)))
    assert place.get(one.token()).status_code == 200


def test_one_issuer_cannot_sign_for_another(place: Place, one: Other, two: Other) -> None:
    assert one.kid(one.numbers[0]) == two.kid(two.numbers[0])
    assert place.status_and_text(one.token(iss=two.name)) == SIGNATURE
    assert place.status_and_text(two.token(iss=one.name)) == SIGNATURE
    # Nor after tokens of both have been accepted, when all keys are known and tokens are cached.
    assert {place.get(each.token()).status_code for each in (one, two)} == {200}
    assert place.status_and_text(one.token(iss=two.name)) == SIGNATURE


def test_issuer_cannot_sign_own_tokens(place: Place, one: Other) -> None:
    for name in (ABSENT, "", "us"):
        assert place.get(one.token(iss=name)).status_code == 422


def test_issuer_cannot_sign_own_tokens_with_the_own_algorithm(elapsed: Elapsed, one: Other) -> None:
    ours = private_key("ES256", 5000)
    pem = {
        "JWT_ALGORITHM": "ES256",
        "JWT_PRIVATE_KEY": ours,
        "JWT_PUBLIC_KEY": ours.public_key(),
        "JWT_ENCODE_ISSUER": "us",
    }
    place = Place(elapsed, options(one), **pem)
    assert place.get(one.token()).status_code == 200
    assert place.get(place.own_token()).status_code == 200
    assert place.status_and_text(one.token(iss="us")) == SIGNATURE
    assert place.status_and_text(one.token(iss=ABSENT)) == SIGNATURE
    assert place.status_and_text(place.own_token(iss=one.name, aud=AUDIENCE)) in (
        SIGNATURE,
        (422, "No key is known for this token"),
    )


def test_own_key_cannot_sign_for_an_issuer(place: Place, one: Other) -> None:
    assert place.status_and_text(place.own_token(iss=one.name, aud=AUDIENCE)) == (
        422,
        "The specified alg value is not allowed",
    )


def test_public_key_is_not_accepted_as_an_hmac_secret(place: Place, one: Other) -> None:
    public = private_key(one.algorithm, one.numbers[0]).public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for secret in (pem, HMAC_SECRET.encode()):
        forged = signed(one.claims(), secret, "HS256", {"kid": one.kid(one.numbers[0])})
        assert place.status_and_text(forged) == (422, "The specified alg value is not allowed")


def test_unknown_issuer_is_rejected(place: Place, one: Other, site: Site) -> None:
    stranger = Other(site, "/three")
    for name in (stranger.name, one.name + "/", one.name.upper(), one.name + "/x", "", " "):
        assert place.status_and_text(stranger.token(iss=name)) == ISSUER
        assert place.status_and_text(one.token(iss=name)) == ISSUER
        assert place.status_and_text(place.own_token(iss=name)) == ISSUER
    assert site.requests == []


def test_trailing_slash_makes_a_different_issuer(elapsed: Elapsed, site: Site) -> None:
    with_slash, without = Other(site, "/one/"), Other(site, "/one")
    place = Place(elapsed, options(without))
    assert place.get(without.token()).status_code == 200
    assert place.status_and_text(without.token(iss=with_slash.name)) == ISSUER


@pytest.mark.parametrize("name", [None, 7, True, [], ["x"], {}, {"x": 1}])
def test_issuer_that_is_not_text_is_rejected(place: Place, one: Other, name: Any) -> None:
    name = [one.name] if name == ["x"] else name
    assert place.status_and_text(one.token(iss=name)) == (
        422,
        "Payload Issuer (iss) must be a string",
    )
    claims = {"iss": name, "sub": "7", "exp": int(time.time()) + 60}
    assert place.get(signed(claims, HMAC_SECRET.encode(), "HS256", {})).status_code == 422


def test_tokens_with_the_own_issuer_name_are_verified_with_the_own_key(
    elapsed: Elapsed, one: Other
) -> None:
    place = Place(elapsed, options(one), JWT_ENCODE_ISSUER="us")
    assert place.get(place.own_token()).get_json()["iss"] == "us"
    assert place.status_and_text(place.own_token(iss="them")) == ISSUER
    place = Place(elapsed, options(one), JWT_DECODE_ISSUER=["us", "we"], JWT_ENCODE_ISSUER="us")
    assert {place.get(place.own_token(iss=name)).status_code for name in ("us", "we")} == {200}
    assert place.status_and_text(place.own_token(iss="them")) == ISSUER


def test_without_an_own_key_only_tokens_of_issuers_are_accepted(
    elapsed: Elapsed, place: Place, one: Other
) -> None:
    keyless = Place(elapsed, options(one), JWT_SECRET_KEY=None)
    assert keyless.get(one.token()).status_code == 200
    for token in (place.own_token(), one.token(iss=ABSENT), signed({}, b"", "HS256", {})):
        assert keyless.status_and_text(token) == (422, "The specified alg value is not allowed")
    assert keyless.get("garbage").status_code == 422


@pytest.mark.parametrize(
    "options_",
    [
        {"JWT_ALGORITHM": "ES256"},
        {"JWT_SECRET_KEY_FALLBACKS": [HMAC_SECRET]},
        {"JWT_PUBLIC_KEYS": [public_jwk("ES256", 5000, "x")], "JWT_DECODE_ALGORITHMS": ["ES256"]},
    ],
)
def test_incomplete_own_key_is_still_an_error(
    elapsed: Elapsed, one: Other, options_: dict[str, Any]
) -> None:
    place = Place(elapsed, options(one), JWT_SECRET_KEY=None, **options_)
    place.app.testing = True
    with pytest.raises(RuntimeError, match="must be set"):
        place.get(one.token(iss=ABSENT))


def test_key_loader_is_called_for_tokens_of_unconfigured_issuers(
    place: Place, one: Other, two: Other, site: Site
) -> None:
    stranger, calls = Other(site, "/three"), []

    @place.manager.decode_key_loader
    def key_of(header: dict[str, Any], claims: dict[str, Any]) -> Any:
        calls.append(claims.get("iss"))
        return HMAC_SECRET

    place.app.config["JWT_DECODE_ALGORITHMS"] = ["HS256"]
    assert place.get(one.token()).status_code == 200
    assert place.status_and_text(one.token(iss=two.name)) == SIGNATURE
    assert calls == []
    assert place.get(place.own_token()).status_code == 200
    assert place.get(place.own_token(iss=stranger.name)).status_code == 200
    assert calls == [None, stranger.name]
    assert place.get(place.own_token(iss=one.name)).status_code == 422
    assert calls == [None, stranger.name]


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "{url}"},
        {"x5u": "{url}"},
        {"jwk": "{jwk}"},
        {"x5c": ["MIIB"]},
        {"jku": "{url}", "jwk": "{jwk}", "x5u": "{url}", "kid": "new"},
    ],
)
def test_key_urls_in_a_token_are_never_fetched(
    place: Place, one: Other, site: Site, elapsed: Elapsed, header: dict[str, Any]
) -> None:
    assert place.get(one.token()).status_code == 200
    elapsed.now += 31
    jwk = public_jwk("ES256", 6000, "mine")
    site.serves("/mine", {"keys": [jwk]})
    status_and_text = {"{url}": site.url("/mine"), "{jwk}": jwk}
    members = {
        n: status_and_text[v] if isinstance(v, str) and v in status_and_text else v
        for n, v in header.items()
    }
    mine = private_key("ES256", 6000)
    kid = {"kid": one.kid(one.numbers[0])}
    assert place.get(signed(one.claims(), mine, "ES256", {**kid, **members})).status_code == 422
    assert place.get(one.token(members)).status_code == (422 if "kid" in members else 200)
    assert site.asked("/mine") == 0


def test_each_issuer_has_its_own_audience(elapsed: Elapsed, one: Other, two: Other) -> None:
    place = Place(
        elapsed,
        {one.name: {"audience": ["a", "b"]}, two.name: {"audience": None}},
        JWT_DECODE_AUDIENCE="ours",
    )
    for audience in ("a", "b", ["x", "b"]):
        assert place.get(one.token(aud=audience)).status_code == 200
    for audience in ("c", ["c"], "ours", "A"):
        assert place.status_and_text(one.token(aud=audience)) == (422, "Audience doesn't match")
    assert place.get(one.token(aud=ABSENT)).status_code == 422
    for anything in ("a", "anything", ABSENT):
        assert place.get(two.token(aud=anything)).status_code == 200
    assert place.get(place.own_token(aud="ours")).status_code == 200
    assert place.get(place.own_token(aud="a")).status_code == 422


def test_each_issuer_has_its_own_algorithms(elapsed: Elapsed, site: Site) -> None:
    first, second = Other(site, "/one", "RS256"), Other(site, "/two", "ES256")
    members = {first.name: ["RS256"], second.name: "ES256"}
    place = Place(elapsed, {n: {"audience": AUDIENCE, "algorithms": a} for n, a in members.items()})
    assert {place.get(each.token()).status_code for each in (first, second)} == {200}
    # The same key, under another algorithm of its type.
    key = private_key("RS256", first.numbers[0])
    for algorithm in ("RS384", "PS256"):
        token = signed(first.claims(), key, algorithm, {"kid": first.kid(first.numbers[0])})
        assert place.status_and_text(token) == (422, "The specified alg value is not allowed")


def test_key_is_used_only_for_the_algorithm_that_it_names(elapsed: Elapsed, site: Site) -> None:
    other = Other(site, "/one", "RS256")
    place = Place(elapsed, options(other))
    key = private_key("RS256", other.numbers[0])
    token = signed(other.claims(), key, "PS256", {"kid": other.kid(other.numbers[0])})
    assert place.get(token).status_code == 422
    assert place.get(other.token()).status_code == 200


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "es256", ""])
def test_algorithm_not_configured_for_the_issuer_is_rejected(
    place: Place, one: Other, alg: str
) -> None:
    assert place.get(one.token({"alg": alg})).status_code == 422


def test_users_of_two_issuers_may_have_the_same_subject(
    place: Place, one: Other, two: Other
) -> None:
    users = {(one.name, "7"): "ada", (two.name, "7"): "grace"}
    met = []

    @place.manager.user_lookup_loader
    def user_of(header: dict[str, Any], claims: dict[str, Any]) -> str | None:
        met.append(users.get((claims.get("iss", ""), claims["sub"])))
        return met[-1]

    assert place.get(one.token()).status_code == place.get(two.token()).status_code == 200
    assert place.get(place.own_token()).status_code == 401
    assert met == ["ada", "grace", None]
