"""A keyring: each key signs and verifies in its time, and no rotation refuses a token."""

from collections.abc import Callable
from functools import cache
from math import inf

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose import Key
from flask_watchword.jose.keyring import KeyEntry, Keyring, KeyState
from tests.jose.forging import NOW, SECRET, material

NEXT, ACTIVE, RETIRING, RETIRED = KeyState
LEAD, LONGEST = 60.0, 600.0


@cache
def pair(kid: str) -> Key:
    """Return a key pair of its own for each name."""
    return Key.load(ed25519.Ed25519PrivateKey.generate(), "EdDSA", kid=kid)


def kids(keys: object) -> list[str | None]:
    assert isinstance(keys, list)
    return [key.kid for key in keys]


def states(ring: Keyring, now: float) -> dict[str, KeyState]:
    return {entry.kid: ring.state(entry.kid, now) for entry in ring.entries}


def ring_of(*names: str) -> Keyring:
    """Return a keyring in which the last of the names has just been added, to sign after a lead."""
    first, *others = names
    ring = Keyring().rotated(first, pair(first), NOW - 1000, 0, LONGEST)
    for name in others:
        ring = ring.rotated(name, pair(name), NOW, LEAD, LONGEST)
    return ring


def test_first_key_signs_at_once_without_a_lead_time() -> None:
    ring = Keyring().rotated("a", pair("a"), NOW, 0, LONGEST)
    assert states(ring, NOW) == {"a": ACTIVE}
    assert ring.signing_key(NOW) is pair("a")
    assert ring.version == 1


def test_error_of_a_keyring_without_a_key_has_a_remedy() -> None:
    assert Keyring().active(NOW) is None
    assert Keyring().verifying_keys(NOW) == []
    with pytest.raises(InvalidKeyError, match="rotate to make one"):
        Keyring().signing_key(NOW)


@pytest.mark.parametrize(
    ("now", "a", "b", "signs"),
    [
        (NOW, ACTIVE, NEXT, "a"),
        (NOW + LEAD - 1, ACTIVE, NEXT, "a"),
        (NOW + LEAD, RETIRING, ACTIVE, "b"),
        (NOW + LEAD + LONGEST - 1, RETIRING, ACTIVE, "b"),
        (NOW + LEAD + LONGEST, RETIRED, ACTIVE, "b"),
        (NOW + LEAD + LONGEST + 10**9, RETIRED, ACTIVE, "b"),
    ],
)
def test_rotation_moves_each_key_on_at_its_second(
    now: float, a: KeyState, b: KeyState, signs: str
) -> None:
    ring = ring_of("a", "b")
    assert states(ring, now) == {"a": a, "b": b}
    assert ring.signing_key(now).kid == signs
    verifying = [kid for kid, state in states(ring, now).items() if state is not RETIRED]
    assert sorted(kids(ring.verifying_keys(now))) == verifying  # type: ignore[type-var]
    assert kids(ring.published(now)) == kids(ring.verifying_keys(now))


def test_key_is_published_before_it_signs_and_until_its_last_token_has_expired() -> None:
    ring, now = ring_of("a"), float(NOW)
    last_token: dict[str, float] = {}
    for second in range(4000):
        now = NOW + second
        if second % 700 == 0:
            name = f"key-{second}"
            ring = ring.rotated(name, pair(name), now, LEAD, LONGEST)
        published = kids(ring.published(now))
        signer = ring.signing_key(now).kid
        assert signer is not None
        assert signer in published
        if signer not in last_token and signer != "a":
            assert now - ring.entry(signer).published_at == LEAD
        last_token[signer] = now + LONGEST
        assert all(kid in published for kid, expiry in last_token.items() if now < expiry)


def test_verifying_key_has_its_end_set() -> None:
    ends = {key.kid: key.ends_at for key in ring_of("a", "b").verifying_keys(NOW)}
    assert ends == {"a": NOW + LEAD + LONGEST, "b": inf}


def test_active_key_is_tried_first_and_then_the_newest() -> None:
    ring = ring_of("a", "b")
    later = NOW + LEAD + 1
    ring = ring.rotated("c", pair("c"), later, LEAD, LONGEST)
    assert kids(ring.verifying_keys(later)) == ["b", "c", "a"]
    assert kids(ring.verifying_keys(later + LEAD)) == ["c", "b", "a"]


def test_second_rotation_is_rejected_while_a_key_is_pending() -> None:
    ring = ring_of("a", "b")
    with pytest.raises(InvalidKeyError, match="'b' is waiting to become active already"):
        ring.rotated("c", pair("c"), NOW + LEAD - 1, 0, LONGEST)
    assert ring.rotated("c", pair("c"), NOW + LEAD, 0, LONGEST).signing_key(NOW + LEAD).kid == "c"


def test_waiting_key_can_be_made_active_before_its_time() -> None:
    ring, now = ring_of("a", "b"), NOW + 1
    early = ring.activated("b", now, LONGEST)
    assert early.version == ring.version + 1
    assert states(early, now) == {"a": RETIRING, "b": ACTIVE}
    assert states(early, now + LONGEST) == {"a": RETIRED, "b": ACTIVE}
    for kid in "ab":
        with pytest.raises(InvalidKeyError, match="is not waiting"):
            early.activated(kid, now, LONGEST)


def test_of_two_keys_that_start_at_the_same_second_the_later_added_signs() -> None:
    ring = Keyring().rotated("a", pair("a"), NOW, 0, LONGEST).rotated("b", pair("b"), NOW, 0, 9)
    assert ring.signing_key(NOW).kid == "b"
    assert states(ring, NOW) == {"a": RETIRING, "b": ACTIVE}


def test_transitions_leave_the_keyring_they_start_from_as_it_was_and_count() -> None:
    ring = ring_of("a", "b")
    before = (ring.entries, ring.version)
    changed = [
        ring.withdrawn("b", NOW),
        ring.revoked("a", NOW),
        ring.imported("x", pair("x"), NOW),
    ]
    assert (ring.entries, ring.version) == before
    assert [one.version for one in changed] == [ring.version + 1] * 3


def test_withdrawn_next_key_never_signs_and_the_active_one_has_no_end() -> None:
    ring = ring_of("a", "b").withdrawn("b", NOW + 1)
    for now in (NOW + 1, NOW + LEAD, NOW + LEAD + LONGEST, NOW + 10**9):
        assert states(ring, now) == {"a": ACTIVE, "b": RETIRED}


def test_withdrawn_retiring_key_is_retired_at_once() -> None:
    ring, now = ring_of("a", "b"), NOW + LEAD
    assert states(ring.withdrawn("a", now), now) == {"a": RETIRED, "b": ACTIVE}


def test_active_key_is_not_withdrawn() -> None:
    with pytest.raises(InvalidKeyError, match="rotate first, or revoke it"):
        ring_of("a", "b").withdrawn("a", NOW)


def test_retired_key_stays_retired() -> None:
    ring = ring_of("a", "b")
    late = NOW + LEAD + LONGEST
    assert ring.withdrawn("a", late) is ring
    assert ring.revoked("a", late + 5) is ring


def test_pending_key_replaces_a_revoked_active_key_at_once() -> None:
    ring = ring_of("a", "b").revoked("a", NOW + 1)
    assert states(ring, NOW + 1) == {"a": RETIRED, "b": ACTIVE}
    assert kids(ring.verifying_keys(NOW + 1)) == ["b"]


def test_revoked_active_key_without_a_successor_leaves_none_active() -> None:
    now = NOW + LEAD
    ring = ring_of("a", "b").revoked("b", now)
    assert states(ring, now) == {"a": RETIRING, "b": RETIRED}
    assert ring.active(now) is None, "an older key must not sign again"
    ring = ring.rotated("c", pair("c"), now, 0, LONGEST)
    assert states(ring, now) == {"a": RETIRING, "b": RETIRED, "c": ACTIVE}
    assert ring.entry("a").verify_until == NOW + LEAD + LONGEST, "its end stays"


def test_revoked_next_key_never_signs() -> None:
    ring = ring_of("a", "b").revoked("b", NOW)
    assert states(ring, NOW + LEAD + LONGEST) == {"a": ACTIVE, "b": RETIRED}


def test_imported_key_verifies_and_never_signs() -> None:
    ring = ring_of("a").imported("old", pair("old"), NOW, NOW + 5)
    assert states(ring, NOW + 4) == {"a": ACTIVE, "old": RETIRING}
    assert states(ring, NOW + 5) == {"a": ACTIVE, "old": RETIRED}
    assert states(ring_of("a").imported("old", pair("old"), NOW), NOW + 10**9)["old"] is RETIRING


def test_kid_twice_is_rejected() -> None:
    stranger = Key.load(ed25519.Ed25519PrivateKey.generate(), "EdDSA", kid="a")
    adding: list[Callable[[], Keyring]] = [
        lambda: ring_of("a").imported("a", stranger, NOW),
        lambda: ring_of("a").rotated("a", stranger, NOW, LEAD, LONGEST),
        lambda: Keyring((KeyEntry("a", pair("a"), NOW), KeyEntry("a", stranger, NOW))),
    ]
    for add in adding:
        with pytest.raises(InvalidKeyError, match="two keys with the kid 'a'"):
            add()


def test_key_under_two_kids_is_rejected() -> None:
    with pytest.raises(InvalidKeyError, match="'a' and 'b' are one key under two kids"):
        ring_of("a").rotated("b", pair("a").with_kid("b"), NOW, LEAD, LONGEST)


def test_key_under_another_kid_than_its_own_is_rejected() -> None:
    for key in (pair("x"), pair("x").with_kid(None)):
        with pytest.raises(InvalidKeyError, match="is in the keyring as 'y'"):
            Keyring((KeyEntry("y", key, NOW),))


def test_public_key_is_not_to_sign() -> None:
    public = Key.load(material("EdDSA").public_key(), "EdDSA", kid="p")
    with pytest.raises(InvalidKeyError, match="no private part"):
        ring_of("a").rotated("p", public, NOW, LEAD, LONGEST)
    assert ring_of("a").imported("p", public, NOW).state("p", NOW) is RETIRING


def test_secret_is_never_published() -> None:
    secret = Key.load(SECRET, "HS256")
    ring = ring_of("a").rotated("s", secret, NOW, 0, LONGEST)
    assert ring.signing_key(NOW) is secret
    assert kids(ring.published(NOW)) == ["a"]
    named = ring_of("a").rotated("s", secret.with_kid("s"), NOW, 0, LONGEST)
    assert kids(named.published(NOW)) == ["a"]


def test_key_that_is_not_there_is_named() -> None:
    ring = ring_of("a")
    asking: list[Callable[[], object]] = [
        lambda: ring.entry("z"),
        lambda: ring.state("z", NOW),
        lambda: ring.revoked("z", NOW),
    ]
    for ask in asking:
        with pytest.raises(InvalidKeyError, match="no key 'z'"):
            ask()
