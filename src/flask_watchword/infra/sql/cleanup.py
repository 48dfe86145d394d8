"""Delete expired rows of accounts in a SQL database."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sqlalchemy import Engine

from flask_watchword.accounts.cleanup import API_TOKEN_RETENTION, MAIL_RETENTION
from flask_watchword.infra.sql.api_tokens import SqlApiTokenStore
from flask_watchword.infra.sql.codes import SqlCodeStore
from flask_watchword.infra.sql.outbox import purge_mail
from flask_watchword.infra.sql.rate_limits import SqlRateLimitStore

#: Deletes rows of a feature: gets the engine, the time in seconds since the epoch and the most rows
#: to delete; returns how many it deleted.
CleanupStep: TypeAlias = Callable[[Engine, float, int], int]


class SqlCleanup:
    """Deletes expired rows over an engine whose schema is in place. It needs no master key.

    Args:
        engine: what ``open_engine`` returned.
        of_features: the steps of the features.
    """

    def __init__(self, engine: Engine, of_features: Sequence[CleanupStep] = ()) -> None:
        self._engine = engine
        self._of_features = of_features

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` rows of each kind, each kind in a transaction of its own."""
        engine = self._engine
        return (
            SqlCodeStore(engine).purge(now, limit)
            + SqlRateLimitStore(engine).purge(int(now * 1_000_000), limit)
            + SqlApiTokenStore(engine).purge(now - API_TOKEN_RETENTION, limit)
            + purge_mail(engine, now - MAIL_RETENTION, limit)
            + sum(step(engine, now, limit) for step in self._of_features)
        )
