"""The outbox in a SQL database: workers share the messages, and each message is sent by one."""

import json
import secrets
from dataclasses import replace
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from flask_watchword.accounts.outbox import Body, ClaimedMail, Mail
from flask_watchword.accounts.reencryption import ReencryptionResult
from flask_watchword.infra.sql import tables
from flask_watchword.infra.sql.batches import batch
from flask_watchword.infra.sql.reencryption import reencrypt_column
from flask_watchword.infra.sql.transactions import EngineOrConnection, database_at
from flask_watchword.keys.encryption import DecryptionFailed, Encryptor

_outbox = tables.outbox.c

_PUT = insert(tables.outbox)

# Concurrent claims skip the locked row (PostgreSQL) or wait for the file (SQLite).
_CLAIM = (
    update(tables.outbox)
    .where(
        _outbox.id.in_(
            batch(
                select(_outbox.id)
                .where(_outbox.due_at <= bindparam("now"))
                .order_by(_outbox.due_at)
                .limit(1)
            )
        ),
        _outbox.due_at <= bindparam("now"),
    )
    .values(
        due_at=bindparam("leased_until"),
        claim=bindparam("new_claim"),
        attempts=_outbox.attempts + 1,
    )
    .returning(
        _outbox.id,
        _outbox.kind,
        _outbox.recipient,
        _outbox.sealed_body,
        _outbox.created_at,
        _outbox.expires_at,
        _outbox.attempts,
        _outbox.claim,
    )
)

_finished = {"due_at": None, "claim": None, "sealed_body": None}

_SENT = (
    update(tables.outbox)
    .where(_outbox.id == bindparam("mail_id"), _outbox.sent_at.is_(None))
    .values(sent_at=bindparam("now"), given_up_at=None, last_error=None, **_finished)
)

_still_claimed = and_(_outbox.id == bindparam("mail_id"), _outbox.claim == bindparam("own_claim"))

_RETRY = (
    update(tables.outbox)
    .where(_still_claimed)
    .values(due_at=bindparam("next_due"), claim=None, last_error=bindparam("error"))
)

_GIVE_UP = (
    update(tables.outbox)
    .where(_still_claimed)
    .values(given_up_at=bindparam("now"), last_error=bindparam("error"), **_finished)
)

_PURGE = delete(tables.outbox).where(
    _outbox.id.in_(
        batch(
            select(_outbox.id)
            .where(_outbox.due_at.is_(None), _outbox.created_at < bindparam("before"))
            .order_by(_outbox.created_at)
            .limit(bindparam("most"))
        )
    )
)


class SqlOutbox:
    """The outbox in a database with our schema.

    Bodies are encrypted: for some minutes a one-time code is worth as much as a password, and
    storing only its hash elsewhere would be useless if the body were readable here.

    Args:
        place: an engine, or the connection of the transaction that creates a message.
        encryptor: encrypts the bodies.
    """

    def __init__(self, place: EngineOrConnection, encryptor: Encryptor) -> None:
        self._place = place
        self._database = database_at(place)
        self._encryptor = encryptor

    def put(self, mail: Mail) -> None:
        """Store a message that is due now."""
        self._database.count(_PUT, self._row(mail))

    def put_decoy(self, mail: Mail) -> None:
        """Store a message without its recipient."""
        self.put(replace(mail, recipient=""))

    def _row(self, mail: Mail) -> dict[str, Any]:
        body = json.dumps([mail.body.subject, mail.body.text, mail.body.html])
        return {
            "id": mail.id,
            "kind": mail.kind,
            "recipient": mail.recipient,
            "sealed_body": self._encryptor.encrypt(body.encode(), _context(mail.id)),
            "created_at": mail.created_at,
            "expires_at": mail.expires_at,
            "due_at": mail.created_at,
            "attempts": 0,
        }

    def claim(self, now: float, lease: float) -> ClaimedMail | None:
        """Claim the message that has been due for longest for this worker, and return it."""
        values = {"now": now, "leased_until": now + lease, "new_claim": secrets.token_hex(16)}
        rows = self._database.rows(_CLAIM, values)
        if not rows:
            return None
        ((mail_id, kind, recipient, encrypted, created_at, expires_at, attempts, claim),) = rows
        body = self._decrypted(encrypted, mail_id)
        mail = Mail(mail_id, kind, recipient, body or Body("", "", ""), created_at, expires_at)
        return ClaimedMail(mail, attempts, claim, is_readable=body is not None)

    def sent(self, mail_id: str, now: float) -> None:
        """Mark a message as sent; delete its body."""
        values = {"mail_id": mail_id, "now": now}
        self._database.count(_SENT, values)

    def retry(self, claimed: ClaimedMail, due_at: float, error: str) -> None:
        """Make a message due again, if this worker still has its claim."""
        values = _own(claimed) | {"next_due": due_at, "error": error}
        self._database.count(_RETRY, values)

    def give_up(self, claimed: ClaimedMail, now: float, error: str) -> None:
        """Mark a message as given up, if this worker still has its claim; delete its body."""
        values = _own(claimed) | {"now": now, "error": error}
        self._database.count(_GIVE_UP, values)

    def reencrypt(self) -> ReencryptionResult:
        """Encrypt every body that is under another master key with the first one."""
        return reencrypt_column(
            self._place, self._encryptor, _outbox.id, _outbox.sealed_body, _context
        )

    def _decrypted(self, encrypted: bytes, mail_id: str) -> Body | None:
        try:
            subject, text, html = json.loads(self._encryptor.decrypt(encrypted, _context(mail_id)))
        except DecryptionFailed:
            return None
        return Body(subject, text, html)


def purge_mail(place: EngineOrConnection, before: float, limit: int) -> int:
    """Delete up to ``limit`` finished messages created before a time; decrypt nothing."""
    values = {"before": before, "most": limit}
    return database_at(place).count(_PURGE, values)


def _own(claimed: ClaimedMail) -> dict[str, Any]:
    return {"mail_id": claimed.mail.id, "own_claim": claimed.claim}


def _context(mail_id: str) -> str:
    return f"mail:{mail_id}"
