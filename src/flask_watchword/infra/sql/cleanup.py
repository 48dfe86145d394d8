"""Delete what is over of the accounts in a SQL database."""

from sqlalchemy import Engine

from flask_watchword.accounts.cleanup import MACHINE_TOKENS_KEPT, MAIL_KEPT
from flask_watchword.infra.sql.api_tokens import SqlApiTokenStore
from flask_watchword.infra.sql.codes import SqlCodeStore
from flask_watchword.infra.sql.outbox import purge_mail
from flask_watchword.infra.sql.rate_limits import SqlRateLimitStore


class SqlCleanup:
    """Over an engine whose schema is in place. No master key is needed: nothing is opened."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` of each kind, each in a transaction of its own."""
        engine = self._engine
        return (
            SqlCodeStore(engine).purge(now, limit)
            + SqlRateLimitStore(engine).purge(int(now * 1_000_000), limit)
            + SqlApiTokenStore(engine).purge(now - MACHINE_TOKENS_KEPT, limit)
            + purge_mail(engine, now - MAIL_KEPT, limit)
        )
