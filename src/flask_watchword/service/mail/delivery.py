"""The delivery thread: sends queued e-mail in the background, one thread per process."""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable

from flask_watchword.accounts.outbox import Outbox, Outcome, Result, Transport, deliver_due
from flask_watchword.clock import Clock
from flask_watchword.infra.errors import StoreUnavailable

_log = logging.getLogger("flask_watchword.mail")

#: Seconds between two polls of the outbox, for messages that another process has queued.
POLL = 5.0

#: Messages sent between two checks of the stop flag.
_BATCH = 20


class Delivery:
    """Send due messages, when woken and every few seconds.

    Any number of processes may run one: each message is leased by one worker at a time.

    Args:
        outbox: the queue of messages.
        transport: sends a message.
        clock: seconds since the epoch.
        idle: called whenever no message is due; does other background work.
        on_end: called by the thread before it ends.
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
        # Not an event: setting one takes a lock, which `stop` must not do. `SimpleQueue.put` is
        # reentrant: it may be called at any point of any thread, even by the garbage collector.
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="watchword-mail", daemon=True)

    def start(self) -> None:
        """Start the thread in this process: a fork does not copy threads.

        Raises:
            RuntimeError: if the process cannot start another thread.
        """
        self._thread.start()

    def is_running(self) -> bool:
        """Tell whether the thread is running or starting."""
        return self._thread.is_alive() or self._thread.ident is None

    def wake(self) -> None:
        """Check the outbox now. Call this after the transaction has committed."""
        if self._wake.empty():
            self._wake.put(None)

    def stop(self) -> None:
        """Stop after the current message."""
        self._is_ending = True
        self._wake.put(None)

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, for at most ``seconds``."""
        if self._thread.ident not in (None, threading.get_ident()):
            self._thread.join(seconds)

    def run_once(self) -> bool:
        """Send up to one batch of due messages; tell whether there may be more."""
        try:
            outcomes = deliver_due(self._outbox, self._transport, self._clock, _BATCH)
        except StoreUnavailable as error:
            # Claimed messages become due again when their lease expires.
            _log.warning("mail delayed: the store does not respond: %s", error)
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
            except Exception:  # noqa: BLE001 - logged; no caller would catch it
                # A bug with one message must not stop the delivery of all others.
                _log.exception("sending mail or deleting expired rows failed")
                more = False
            if not more:
                with contextlib.suppress(queue.Empty):
                    self._wake.get(timeout=POLL)

    def _report(self, outcome: Outcome) -> None:
        mail = outcome.mail
        if outcome.result is Result.RETRY:
            _log.warning("mail %s (%s) will be retried: %s", mail.id, mail.kind, outcome.error)
        if outcome.result is Result.GIVEN_UP:
            _log.error("mail %s (%s) failed permanently: %s", mail.id, mail.kind, outcome.error)
