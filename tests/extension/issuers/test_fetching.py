"""When keys are fetched, and the responses while they are unavailable."""

import logging
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask_restx import Api, Resource

from flask_watchword import jwt_required
from flask_watchword.extension.verification import verify
from flask_watchword.infra.http.freshness import DEFAULT
from flask_watchword.infra.http.remote_keys import COOLDOWN
from tests.extension.issuers.others import AUDIENCE, Other, Place, options, public_jwk, signed
from tests.infra.http.elapsed import Elapsed

UNKNOWN = (422, "No key is known for this token")


def settle(place: Place) -> None:
    """Return when no fetch is in progress."""
    for keys in place.kept.values():
        landed = keys._finished
        assert landed is None or landed.wait(30)


def test_nothing_is_fetched_before_a_token_names_the_issuer(place: Place, one: Other) -> None:
    assert place.get(place.own_token()).status_code == 200
    assert one.site.requests == []


def test_one_fetch_serves_every_token(place: Place, one: Other) -> None:
    assert {place.get(one.token(sub=str(n))).status_code for n in range(20)} == {200}
    assert one.fetches == 1


def test_fifty_concurrent_requests_cause_one_fetch(place: Place, one: Other) -> None:
    tokens = [one.token(sub=str(number)) for number in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(place.get, tokens))
    assert {answer.status_code for answer in answers} == {200}
    assert one.fetches == 1


def test_new_key_is_fetched_for_the_first_token_it_signed(
    place: Place, one: Other, elapsed: Elapsed
) -> None:
    old = one.token()
    assert place.get(old).status_code == 200
    one.rotate()
    elapsed.now += COOLDOWN
    assert place.get(one.token()).status_code == 200
    assert place.get(old).status_code == 200
    assert one.fetches == 2


def test_new_key_without_a_kid_is_fetched_as_well(
    place: Place, one: Other, elapsed: Elapsed
) -> None:
    one.named = False
    one.publish()
    assert place.get(one.token()).status_code == 200
    one.rotate()
    elapsed.now += COOLDOWN
    assert place.get(one.token()).status_code == 200
    assert one.fetches == 2


def test_unknown_kids_cause_one_fetch_per_cooldown(
    place: Place, one: Other, two: Other, elapsed: Elapsed
) -> None:
    assert place.get(one.token()).status_code == place.get(two.token()).status_code == 200
    for round_ in range(1, 4):
        elapsed.now += COOLDOWN
        for number in range(20):
            assert place.status_and_text(one.token({"kid": f"unknown-{number}"})) == UNKNOWN
        assert (one.fetches, two.fetches) == (1 + round_, 1)


def test_invalid_signature_causes_no_fetch(place: Place, one: Other, elapsed: Elapsed) -> None:
    token = one.token()
    assert place.get(token).status_code == 200
    elapsed.now += COOLDOWN
    signing_input, _, signature = token.rpartition(".")
    flipped = f"{signing_input}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    assert place.status_and_text(flipped) == (422, "Signature verification failed")
    assert one.fetches == 1


def test_issuer_outage_invalidates_no_token(place: Place, one: Other, elapsed: Elapsed) -> None:
    token = one.token()
    assert place.get(token).status_code == 200
    one.break_down()
    for _ in range(5):
        elapsed.now += 10 * DEFAULT
        assert place.get(token).status_code == 200
        assert place.get(one.token(sub="8")).status_code == 200
        assert place.status_and_text(one.token({"kid": "unknown"})) == UNKNOWN
        settle(place)


def test_withdrawn_key_of_an_issuer_does_not_verify_cached_or_not(
    place: Place, one: Other, elapsed: Elapsed
) -> None:
    token = one.token()
    assert [place.get(token).status_code for _ in range(2)] == [200, 200]
    one.numbers = [one.numbers[0], one.numbers[0] + 1]
    kept = one.token()
    one.site.serves(
        one.jwks_path,
        {"keys": [public_jwk(one.algorithm, one.numbers[1], one.kid(one.numbers[1]))]},
    )
    # The fetch is delayed; a fast one would serve the request that started it.
    released = one.site.hold(one.jwks_path)
    elapsed.now += DEFAULT
    assert place.get(token).status_code == 200
    released.set()
    settle(place)
    assert place.status_and_text(token) == UNKNOWN
    assert place.get(kept).status_code == 200


def test_missing_keys_give_503_with_retry_after(
    place: Place, one: Other, two: Other, elapsed: Elapsed, caplog: pytest.LogCaptureFixture
) -> None:
    one.break_down()
    waits = []
    for _ in range(3):
        answer = place.get(one.token())
        assert answer.status_code == 503
        assert answer.get_json() == {
            "msg": "The keys of the token's issuer are not available; try again soon",
            "code": "keys_unavailable",
        }
        waits.append(int(answer.headers["Retry-After"]))
        elapsed.now += waits[-1]
    assert waits == [1, 2, 4]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    one.publish()
    assert place.get(one.token()).status_code == 200


def test_unreachable_issuer_is_not_fetched_at_each_request(place: Place, one: Other) -> None:
    one.break_down()
    assert {place.get(one.token()).status_code for _ in range(20)} == {503}
    assert len(one.site.requests) == 1


def test_unreachable_issuer_affects_no_other_tokens(place: Place, one: Other, two: Other) -> None:
    one.break_down()
    assert place.get(one.token()).status_code == 503
    assert place.get(two.token()).status_code == 200
    assert place.get(place.own_token()).status_code == 200
    assert place.status_and_text(one.token(iss="nobody")) == (422, "Invalid issuer")


def test_view_with_an_optional_token_responds_with_503_without_keys(
    place: Place, one: Other
) -> None:
    place.app.add_url_rule("/open", "open", jwt_required(optional=True)(lambda: "open"))
    one.break_down()
    assert place.app.test_client().get("/open").status_code == 200
    assert place.get(one.token(), "/open").status_code == 503


@pytest.mark.parametrize("own_handlers", [False, True])
def test_rest_framework_responds_with_503_as_well(
    place: Place, one: Other, own_handlers: bool
) -> None:
    api = Api(place.app, doc=False)
    if own_handlers:
        place.manager._set_error_handler_callbacks(api)

    class Thing(Resource):  # type: ignore[misc]
        method_decorators = (jwt_required(),)

        def get(self) -> dict[str, str]:
            return {}

    api.add_resource(Thing, "/thing")
    place.app.testing = False
    one.break_down()
    answer = place.get(one.token(), "/thing")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    one.publish()


def test_keys_survive_a_change_of_options(place: Place, one: Other, two: Other) -> None:
    assert place.get(one.token()).status_code == 200
    place.app.config["JWT_DECODE_LEEWAY"] = 1
    assert place.get(one.token()).status_code == 200
    place.app.config["JWT_ISSUERS"] = options(two)
    assert place.status_and_text(one.token()) == (422, "Invalid issuer")
    place.app.config["JWT_ISSUERS"] = options(one, two)
    assert place.get(one.token()).status_code == 200
    assert one.fetches == 1


def test_issuers_changed_in_place_take_effect(place: Place, one: Other, two: Other) -> None:
    token, issuers = one.token(), place.app.config["JWT_ISSUERS"]
    assert [place.get(token).status_code for _ in range(2)] == [200, 200]
    issuers[one.name]["audience"] = ["another-api"]
    assert place.status_and_text(token)[0] == 422
    issuers[one.name]["audience"].append(AUDIENCE)
    assert place.get(token).status_code == 200
    del issuers[one.name]
    assert place.status_and_text(token) == (422, "Invalid issuer")
    issuers.update(options(one))
    assert place.get(token).status_code == 200
    assert one.fetches == 1


def test_removed_issuer_is_rejected_cached_or_not(place: Place, one: Other, two: Other) -> None:
    token = one.token()
    assert [place.get(token).status_code for _ in range(2)] == [200, 200]
    place.app.config["JWT_ISSUERS"] = None
    assert place.get(token).status_code == 422


def test_cached_token_is_verified_from_the_cache(
    place: Place, one: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = one.token()
    assert place.get(token).status_code == 200

    def not_again(*_: object) -> None:
        raise AssertionError("verified twice")

    monkeypatch.setattr(verify, "find_and_verify", not_again)
    assert place.get(token).get_json()["iss"] == one.name
    own = place.own_token()
    monkeypatch.undo()
    assert place.get(own).status_code == 200
    monkeypatch.setattr(verify, "find_and_verify", not_again)
    assert place.get(own).status_code == 200


def test_rejected_token_is_not_cached(place: Place, one: Other) -> None:
    token = one.token({"typ": "logout+jwt"})
    assert [place.get(token).status_code for _ in range(3)] == [422, 422, 422]


@pytest.mark.filterwarnings("ignore::flask_watchword.errors.InsecureKeyLengthWarning")
def test_rsa_key_under_2048_bits_is_ignored(place: Place, one: Other) -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that is the point
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key(), as_dict=True)
    strong = public_jwk(one.algorithm, one.numbers[0], one.kid(one.numbers[0]))
    one.site.serves(one.jwks_path, {"keys": [{**jwk, "kid": "weak"}, strong]})
    assert place.status_and_text(signed(one.claims(), weak, "RS256", {"kid": "weak"}))[0] == 422
    assert place.get(one.token()).status_code == 200


def test_set_with_a_private_key_is_rejected_as_a_whole(place: Place, one: Other) -> None:
    member = public_jwk(one.algorithm, one.numbers[0], "x")
    one.site.serves(one.jwks_path, {"keys": [member, {"kty": "oct", "k": "AAAA"}]})
    assert place.get(one.token()).status_code == 503
