"""Changes on one node take effect on the other."""

import time

import jwt
import pytest

from tests.cli.nodes.conftest import PASSWORD, Node, Nodes
from tests.servers.valkey import wait_until
from tests.service.test_metrics import figures

pytestmark = pytest.mark.server

OPEN = {(200, None)}
ENDED = {(401, "session_ended")}

#: Logouts, and the seconds after which a test gives up. `make soak` measures that it takes 50 ms: a
#: busy machine must not fail a test.
LOGOUTS = 30
GIVE_UP = 20.0
#: Wrong passwords for one account from one address before the next attempt has to wait.
TRIES = 10


def test_session_works_on_both_nodes(nodes: Nodes) -> None:
    pair = nodes.a.log_in(nodes.add_user())
    assert nodes.b.answers(pair["access_token"]) == OPEN
    status, second = nodes.b.ask("POST", "/refresh", pair["refresh_token"])
    assert status == 200
    assert nodes.a.answers(second["access_token"]) == OPEN
    assert nodes.a.ask("POST", "/logout", second["access_token"])[0] == 204
    wait_until(lambda: nodes.b.answers(second["access_token"]) == ENDED)
    assert nodes.b.answers(pair["access_token"]) == ENDED
    status, refused = nodes.b.ask("POST", "/refresh", second["refresh_token"])
    assert (status, refused["code"]) == (401, "session_ended")


def test_token_reuse_on_the_other_node_ends_the_session_on_both(nodes: Nodes) -> None:
    first = nodes.a.log_in(nodes.add_user())
    second = nodes.b.ask("POST", "/refresh", first["refresh_token"])[1]
    third = nodes.a.ask("POST", "/refresh", second["refresh_token"])[1]
    status, refused = nodes.b.ask("POST", "/refresh", first["refresh_token"])
    assert (status, refused["code"]) == (401, "refresh_reused")
    wait_until(lambda: nodes.a.answers(third["access_token"]) == ENDED)


def test_logout_on_one_node_applies_to_the_other(nodes: Nodes) -> None:
    email = nodes.add_user()
    for _ in range(LOGOUTS):
        token = nodes.a.log_in(email)["access_token"]
        assert nodes.b.ask("GET", "/me", token)[0] == 200
        assert nodes.a.ask("POST", "/logout", token)[0] == 204
        nodes.b.refused_from(token, time.monotonic() + GIVE_UP)


def test_user_disabled_on_one_node_is_rejected_on_the_other(nodes: Nodes) -> None:
    email = nodes.add_user()
    pair = nodes.b.log_in(email)
    user_id = nodes.b.ask("GET", "/me", pair["access_token"])[1]["id"]
    admin = nodes.a.log_in(nodes.add_user("--role", "admin"))["access_token"]
    assert nodes.a.ask("PATCH", f"/admin/users/{user_id}", admin, disabled=True)[0] == 200
    wait_until(lambda: nodes.b.answers(pair["access_token"]) == ENDED)
    assert nodes.b.ask("POST", "/refresh", pair["refresh_token"])[0] == 401
    status, refused = nodes.b.ask("POST", "/login", email=email, password=PASSWORD)
    assert (status, refused["code"]) == (401, "invalid_credentials")


def test_key_rotated_immediately_on_one_node_verifies_and_signs_on_the_other(nodes: Nodes) -> None:
    admin, email = nodes.a.log_in(nodes.add_user("--role", "admin")), nodes.add_user()
    before = nodes.b.log_in(email)["access_token"]
    status, keys = nodes.a.ask("POST", "/admin/keys/rotate", admin["access_token"], at_once=True)
    assert status == 200
    (active,) = [key["kid"] for key in keys["keys"] if key["state"] == "active"]
    assert kid_of(before) != active
    # A worker reads new keys at most once a second, also on the node that rotated them.
    wait_until(lambda: signing_keys(nodes.a, email) == {active})
    after = nodes.a.log_in(email)["access_token"]
    wait_until(lambda: nodes.b.answers(after) == OPEN)
    wait_until(lambda: signing_keys(nodes.b, email) == {active})
    assert nodes.b.answers(before) == OPEN, "the key before it goes on verifying"


def test_key_revoked_on_one_node_is_rejected_on_the_other(nodes: Nodes) -> None:
    admin, email = nodes.add_user("--role", "admin"), nodes.add_user()
    token = nodes.b.log_in(email)["access_token"]
    assert nodes.b.answers(token) == OPEN
    asking = nodes.a.log_in(admin)["access_token"]
    assert nodes.a.ask("POST", f"/admin/keys/{kid_of(token)}/revoke", asking)[0] == 204
    wait_until(lambda: nodes.b.answers(token) == {(401, "key_revoked")})
    wait_until(lambda: kid_of(nodes.b.log_in(email)["access_token"]) != kid_of(token))
    wait_until(lambda: kid_of(token) not in published(nodes.a) | published(nodes.b))


def test_attempts_on_both_nodes_share_one_limit(nodes: Nodes) -> None:
    email = nodes.add_user()
    answers = [
        node.ask("POST", "/login", email=email, password="not this one at all")
        for _ in range(TRIES // 2)
        for node in (nodes.a, nodes.b)
    ]
    assert [status for status, _ in answers] == [401] * TRIES
    for node in (nodes.a, nodes.b):
        status, refused = node.ask("POST", "/login", email=email, password="nor this one")
        assert (status, refused["code"]) == (429, "too_many_tries")


def test_both_nodes_write_one_unbroken_audit_log(nodes: Nodes) -> None:
    admin = nodes.add_user("--role", "admin")
    token = nodes.a.log_in(admin)["access_token"]
    subject = nodes.a.ask("GET", "/me", token)[1]["id"]
    other = nodes.b.log_in(admin)["access_token"]
    path = f"/admin/audit?subject={subject}&event=login"
    shown = [node.ask("GET", path, token) for node in (nodes.a, nodes.b)]
    assert shown[0] == shown[1]
    assert len(shown[0][1]["entries"]) == 2
    assert nodes.b.ask("POST", "/logout", other)[0] == 204
    nodes.watchword("audit", "verify")


def test_each_node_has_its_own_metrics(nodes: Nodes) -> None:
    name = "watchword_requests_total endpoint=healthz method=GET status=200"
    before = [counted(node, name) for node in (nodes.a, nodes.b)]
    for _ in range(5):
        assert nodes.a.ask("GET", "/healthz")[0] == 200
    # A worker adds its counts to the sum every tenth of a second.
    wait_until(lambda: counted(nodes.a, name) == before[0] + 5)
    assert counted(nodes.b, name) == before[1]


def counted(node: Node, name: str) -> float:
    status, text = node.ask("GET", "/metrics")
    assert status == 200
    return figures(text).get(name, 0.0)


def kid_of(token: str) -> str:
    kid: str = jwt.get_unverified_header(token)["kid"]
    return kid


def signing_keys(node: Node, email: str) -> set[str]:
    """Return the keys of several logins, which different workers may have handled."""
    return {kid_of(node.log_in(email)["access_token"]) for _ in range(4)}


def published(node: Node) -> set[str]:
    return {key["kid"] for key in node.ask("GET", "/.well-known/jwks.json")[1]["keys"]}
