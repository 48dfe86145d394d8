"""Delete what is over of the accounts in a SQL database."""

from sqlalchemy import Engine

from flask_watchword.accounts.upkeep import MACHINE_TOKENS_KEPT, MAIL_KEPT
from flask_watchword.stores.sql.codes import SqlCodeStore
from flask_watchword.stores.sql.machine_tokens import SqlMachineTokenStore
from flask_watchword.stores.sql.outbox import purge_mail
from flask_watchword.stores.sql.throttle import SqlThrottleStore


class SqlUpkeep:
    """Over an engine whose schema is in place. No master key is needed: nothing is opened."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def purge(self, now: float, limit: int) -> int:
        """Delete up to ``limit`` of each kind, each in a transaction of its own."""
        engine = self._engine
        return (
            SqlCodeStore(engine).purge(now, limit)
            + SqlThrottleStore(engine).purge(int(now * 1_000_000), limit)
            + SqlMachineTokenStore(engine).purge(now - MACHINE_TOKENS_KEPT, limit)
            + purge_mail(engine, now - MAIL_KEPT, limit)
        )
