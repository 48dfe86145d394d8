"""Nodes whose clocks differ: a revocation applies on each, whichever clock issued the token."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import jwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flask_watchword import create_access_token, create_refresh_token
from flask_watchword.infra.memory_sessions import MemorySessionStore
from flask_watchword.sessions.revocation import ISSUED_AFTER, RevocationKind
from tests.extension.sessions.conftest import STORES, MakeSite
from tests.extension.sessions.site import START, Site, bearing

#: Seconds by which the clocks of two nodes may differ.
LEEWAY = 30.0

numbers = count()

#: Two nodes can share every store except the one in memory.
on_shared_stores = pytest.mark.parametrize("store_url", STORES[1:], indirect=True)


def node(make_site: MakeSite, ahead: float, **options: Any) -> Site:
    site = make_site(JWT_DECODE_LEEWAY=LEEWAY, **options)
    site.clock.now = START + ahead
    return site


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def access_at(site: Site, subject: str = "ada") -> str:
    with site.app.app_context():
        site.feed.load_subject(subject)  # as a node that has followed the log
        return create_access_token(subject)


def status(site: Site, token: str) -> int:
    site.feed.catch_up()
    return site.app.test_client().get("/me", headers=bearing(token)).status_code


@on_shared_stores
def test_token_of_a_node_that_is_ahead_is_revoked_with_its_subject(make_site: MakeSite) -> None:
    ahead, right = node(make_site, LEEWAY), node(make_site, 0.0)
    token = access_at(ahead)
    assert status(right, token) == status(ahead, token) == 200
    with right.app.app_context():
        right.sessions.end_all("ada")
    assert status(right, token) == status(ahead, token) == 401


@on_shared_stores
def test_token_issued_after_a_revocation_is_accepted_immediately(make_site: MakeSite) -> None:
    nodes = [node(make_site, ahead) for ahead in (LEEWAY, 0.0)]
    with nodes[0].app.app_context():
        nodes[0].sessions.end_all("ada")
    for issuer in nodes:
        token = access_at(issuer)
        assert [status(site, token) for site in nodes] == [200, 200]


@on_shared_stores
def test_later_revocation_by_a_node_that_is_behind_applies(
    make_site: MakeSite,
) -> None:
    ahead, right = node(make_site, LEEWAY), node(make_site, 0.0)
    with ahead.app.app_context():
        ahead.sessions.end_all("ada")
    between = access_at(ahead)
    assert status(right, between) == 200
    with right.app.app_context():
        right.sessions.end_all("ada")
    assert [status(site, between) for site in (ahead, right)] == [401, 401]
    after = access_at(right)
    assert [status(site, after) for site in (ahead, right)] == [200, 200]


@on_shared_stores
def test_each_revocation_of_a_subject_has_a_later_timestamp(make_site: MakeSite) -> None:
    sites = [node(make_site, ahead) for ahead in (LEEWAY, 0.0, 0.0, -LEEWAY)]
    moments = []
    for site in sites:
        with site.app.app_context():
            site.sessions.end_all("ada")
        found = site.store.find_revocations(None, None, "ada")
        moments.append(
            max(entry.revoked_at for entry in found if entry.kind is RevocationKind.SUBJECT)
        )
    assert moments == sorted(set(moments))


def test_only_tokens_issued_right_after_a_revocation_carry_its_timestamp(
    make_site: MakeSite,
) -> None:
    site = node(make_site, 0.0)
    assert ISSUED_AFTER not in claims_of(access_at(site))
    with site.app.app_context():
        site.sessions.end_all("ada")
        in_session = site.sessions.start("ada").access_token
        refresh = create_refresh_token("ada")
    assert claims_of(access_at(site))[ISSUED_AFTER] == START + LEEWAY
    assert claims_of(refresh)[ISSUED_AFTER] == START + LEEWAY
    assert ISSUED_AFTER not in claims_of(in_session)
    assert ISSUED_AFTER not in claims_of(access_at(site, "grace"))
    site.clock.now += LEEWAY + 1
    assert ISSUED_AFTER not in claims_of(access_at(site))


def test_revocation_outlives_the_last_token_of_a_node_that_is_ahead(
    make_site: MakeSite,
) -> None:
    # The access token has the longest lifetime.
    options = {"WATCHWORD_SESSION_STORE": MemorySessionStore(), "JWT_REFRESH_TOKEN_EXPIRES": 1}
    ahead, right = (node(make_site, skew, **options) for skew in (LEEWAY, 0.0))
    token = access_at(ahead)
    expires = claims_of(token)["exp"]
    with right.app.app_context():
        right.sessions.end_all("ada")
    for site in (ahead, right):
        site.clock.now = expires + LEEWAY - 0.5  # the last moment at which it would be accepted
        site.feed._next_cleanup = float("-inf")
        site.feed.clean_up()
        assert status(site, token) == 401


def test_token_of_a_lost_session_is_rejected_although_its_clock_was_ahead_of_the_wipe(
    make_site: MakeSite,
) -> None:
    ahead = node(make_site, LEEWAY)
    token = ahead.sign_in().access
    # Another node over the store after it was wiped: neither session nor revocation is left.
    wiped = MemorySessionStore()
    right = make_site(JWT_DECODE_LEEWAY=LEEWAY, WATCHWORD_SESSION_STORE=wiped)
    right.clock.now = START + 1
    assert status(right, token) == 401


@dataclass(frozen=True)
class Step:
    """The next step: a node issues a token or revokes."""

    node: int
    revokes: bool
    seconds: float


STEPS = st.lists(
    st.builds(
        Step,
        node=st.integers(0, 1),
        revokes=st.booleans(),
        seconds=st.floats(0.0, 40.0).map(lambda seconds: round(seconds, 3)),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(difference=st.floats(-LEEWAY, LEEWAY), steps=STEPS)
@example(difference=LEEWAY, steps=[Step(0, True, 0.0), Step(1, False, 0.0), Step(1, True, 0.0)])
def test_token_is_accepted_if_and_only_if_no_revocation_followed(
    difference: float, steps: list[Step]
) -> None:
    shared, subject = MemorySessionStore(), f"client {next(numbers)}"
    sites = [
        Site(
            JWT_DECODE_LEEWAY=LEEWAY, WATCHWORD_SESSION_STORE=shared, JWT_ACCESS_TOKEN_EXPIRES=9_000
        )
        for _ in range(2)
    ]
    try:
        issued: list[tuple[str, bool]] = []
        now = START
        for step in steps:
            now += step.seconds
            sites[0].clock.now, sites[1].clock.now = now, now + difference
            site = sites[step.node]
            if step.revokes:
                with site.app.app_context():
                    site.sessions.end_all(subject)
                issued = [(token, True) for token, _ in issued]
            else:
                issued.append((access_at(site, subject), False))
        for site in sites:
            assert [status(site, token) for token, _ in issued] == [
                401 if revoked else 200 for _, revoked in issued
            ]
    finally:
        for site in sites:
            site.close()
