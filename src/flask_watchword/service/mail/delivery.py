"""Who sends: one thread in each process that wants one, beside the requests."""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable

from flask_watchword.accounts.outbox import Outbox, Outcome, Result, Transport, deliver_due
from flask_watchword.clock import Clock
from flask_watchword.infra.errors import StoreUnavailable

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
        on_end: called by the thread as its last act.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        clock: Clock,
        idle: Callable[[], None] = lambda: None,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._transport = transport
        self._clock = clock
        self._idle = idle
        self._on_end = on_end
        # Not an event: to set one takes a lock, which `stop` must not. A queue may be put into
        # at any point of any thread, that of the garbage collector included.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="watchword-mail", daemon=True)

    def start(self) -> None:
        """Start the thread, in this process: a fork does not copy threads.

        Raises:
            RuntimeError: when the process may have no further thread.
        """
        self._thread.start()

    def runs(self) -> bool:
        """Tell whether the thread runs, or is being started."""
        return self._thread.is_alive() or self._thread.ident is None

    def wake(self) -> None:
        """Look for messages now. Call it once what was put there is committed."""
        if self._wake.empty():
            self._wake.put(None)

    def stop(self) -> None:
        """End after the message at hand."""
        self._is_ending = True
        self._wake.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, ``seconds`` at most."""
        if self._thread.ident not in (None, threading.get_ident()):
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
        try:
            self._send_until_stopped()
        finally:
            self._on_end()

    def _send_until_stopped(self) -> None:
        while not self._is_ending:
            try:
                more = self.run_once()
                if not more:
                    self._idle()
            except Exception:  # noqa: BLE001 - it is logged, and nobody else would catch it
                # A fault of ours in one message must not end the sending of all others.
                _log.exception("mail could not be sent, or what is over not be deleted")
                more = False
            if not more:
                with contextlib.suppress(queue.Empty):
                    self._wake.get(timeout=POLL)

    def _report(self, outcome: Outcome) -> None:
        mail = outcome.mail
        if outcome.result is Result.RETRY:
            _log.warning("mail %s (%s) waits: %s", mail.id, mail.kind, outcome.error)
        if outcome.result is Result.GIVEN_UP:
            _log.error("mail %s (%s) is given up: %s", mail.id, mail.kind, outcome.error)
