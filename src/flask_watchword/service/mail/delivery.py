"""Who sends: one thread in each process that wants one, beside the requests."""

import logging
import threading
from collections.abc import Callable

from flask_watchword.accounts.outbox import Outbox, Outcome, Result, Transport, deliver_due
from flask_watchword.clock import Clock
from flask_watchword.stores.errors import StoreUnavailable

_log = logging.getLogger("flask_watchword.mail")

#: Seconds after which a worker looks by itself, for what another process has put there.
POLL = 5.0

#: Messages after which a worker looks whether it is to end.
_BATCH = 20


class Delivery:
    """Sends what is due, when it is told that there is something and every few seconds.

    Any number of processes may do so: each message is one worker's at a time.

    Args:
        outbox: where messages are.
        transport: the way out.
        clock: what time it is.
        idle: what else to do beside the requests, called whenever nothing is due to be sent.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        clock: Clock,
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._clock = clock
        self._idle = idle
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in this process: a thread does not come along when a process forks."""
        self._thread = threading.Thread(target=self._run, name="watchword-mail", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that a message was put there. Call it once that is committed."""
        self._wake.set()

    def stop(self, seconds: float) -> None:
        """End after the message at hand; wait for that so long at most."""
        self._ending.set()
        self._wake.set()
        # The thread itself may be where the last one lets go of this.
        if self._thread not in (None, threading.current_thread()):
            self._thread.join(seconds)

    def run_once(self) -> bool:
        """Send what is due now, up to a batch; tell whether there may be more."""
        try:
            outcomes = deliver_due(self._outbox, self._transport, self._clock, _BATCH)
        except StoreUnavailable as error:
            # What was claimed comes back when its lease is over.
            _log.warning("mail waits: the store does not answer: %s", error)
            return False
        for outcome in outcomes:
            self._report(outcome)
        return len(outcomes) == _BATCH

    def _run(self) -> None:
        while not self._ending.is_set():
            self._wake.clear()
            try:
                more = self.run_once()
                if not more:
                    self._idle()
            except Exception:  # noqa: BLE001 - it is logged, and nobody else would catch it
                # A fault of ours in one message must not end the sending of all others.
                _log.exception("mail could not be sent, or what is over not be deleted")
                more = False
            if not more:
                self._wake.wait(POLL)

    def _report(self, outcome: Outcome) -> None:
        mail = outcome.mail
        if outcome.result is Result.RETRY:
            _log.warning("mail %s (%s) waits: %s", mail.id, mail.kind, outcome.error)
        if outcome.result is Result.GIVEN_UP:
            _log.error("mail %s (%s) is given up: %s", mail.id, mail.kind, outcome.error)
