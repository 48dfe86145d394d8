"""A complete second factor in one folder: a stub of a hardware token.

The token signs a counter with a shared secret; each counter value is accepted once.
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from flask import Response
from sqlalchemy import Column, Integer, MetaData, String, Table, delete, insert, select, update

from flask_watchword import features

tokens = Table(
    "hardware_tokens",
    MetaData(),
    Column("user_id", String(64), primary_key=True),
    Column("secret", String(64), nullable=False),
    Column("counter", Integer, nullable=False),
)


class Tokens(features.SqlRepository):
    def add(self, user_id: str, secret: str) -> None:
        self.execute(insert(tokens).values(user_id=user_id, secret=secret, counter=0))

    def secret_of(self, user_id: str) -> str | None:
        found = self.execute(select(tokens.c.secret).where(tokens.c.user_id == user_id)).first()
        return None if found is None else str(found[0])

    def use(self, user_id: str, counter: int) -> bool:
        unused = (tokens.c.user_id == user_id) & (tokens.c.counter < counter)
        return self.execute(update(tokens).where(unused).values(counter=counter)).rowcount == 1

    def forget_user(self, user_id: str) -> None:
        self.execute(delete(tokens).where(tokens.c.user_id == user_id))


TOKENS = features.Repository[Tokens]("hardware tokens")


def signed(secret: str, counter: int) -> str:
    mac = hmac.new(secret.encode(), str(counter).encode(), hashlib.sha256).hexdigest()
    return f"{counter}:{mac}"


PER_ACCOUNT = features.RateLimit(
    name="hardware_token_per_account",
    default=features.read_limit("5/hour"),
    most=features.read_limit("10/hour"),
    counts="wrong answers of a hardware token for one account",
)


class HardwareToken:
    field = "hardware_token"
    answer_type: Any = Annotated[str, msgspec.Meta(max_length=128)]
    amr = "hwk"  # RFC 8176
    is_backup = False

    def is_enrolled(self, repositories: features.Repositories, user_id: str) -> bool:
        return repositories.get(TOKENS).secret_of(user_id) is not None

    def hits(self, settings: features.Settings, user_id: str) -> Sequence[features.Hit]:
        return [features.hit("hardware token", settings.limits[PER_ACCOUNT], user_id)]

    def verify(self, accounts: features.Accounts, user_id: str, answer: str) -> bool:
        store = accounts.repositories.get(TOKENS)
        counter = answer.partition(":")[0]
        secret = store.secret_of(user_id)
        if secret is None or not counter.isdigit():
            return False
        right = hmac.compare_digest(signed(secret, int(counter)), answer)
        return right and store.use(user_id, int(counter))


FACTOR = HardwareToken()


class Enrolment(features.Confirmation, forbid_unknown_fields=True, kw_only=True):
    secret: str


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    pending_token: str
    hardware_token: str


@features.endpoint(
    "POST",
    "/hardware-token",
    summary="Add a hardware token",
    access=features.ACCESS,
    body=Enrolment,
    responses={204: None},
    errors=features.CONFIRMATION_ERRORS,
)
def add_hardware_token(context: features.ServiceContext, body: Enrolment) -> Response:
    user = features.reauthenticated_user(context, body.password)

    def add(tx: features.Transaction) -> None:
        tx.get(TOKENS).add(user.id, body.secret)
        tx.audit("hardware_token_added", user.id)

    with features.second_factor_verified(context, user.id, body):
        context.transaction(add)
    return features.no_content()


@features.endpoint(
    "POST",
    "/login/hardware-token",
    summary="Finish a login with a hardware token",
    access=features.PUBLIC,
    body=Answer,
    responses={200: features.TokenResponse},
    errors=features.CHALLENGE_ERRORS,
)
def login_with_hardware_token(context: features.ServiceContext, body: Answer) -> Response:
    return features.answer_challenge(context, body.pending_token, body, [FACTOR], "header")


FEATURE = features.Feature(
    name="hardware_token",
    summary="Hardware tokens as a second factor.",
    endpoints=[add_hardware_token, login_with_hardware_token],
    audit_events={"hardware_token_added": "a user added a hardware token"},
    rate_limits=[PER_ACCOUNT],
    factors=[FACTOR],
    repositories={TOKENS: Tokens},
    tables=[tokens],
)
