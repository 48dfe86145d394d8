"""Mail of the service: what it says, and who sends it in a process that serves."""

import os
import threading
from collections.abc import Callable
from weakref import WeakSet

from flask_watchword.accounts.codes import CodeLifetimes
from flask_watchword.accounts.outbox import Outbox, Transport
from flask_watchword.clock import system_clock
from flask_watchword.service.mail.delivery import Delivery
from flask_watchword.service.mail.mailer import OutboxMailer
from flask_watchword.service.mail.rendering import BadTemplate, MailTemplates
from flask_watchword.service.settings import InvalidSetting, Settings

_living: "WeakSet[Mailing]" = WeakSet()


class Mailing:
    """Puts letters into an outbox, and sends them by one thread in each process that serves.

    The thread begins with the first request that a process answers, so that an application may
    be forked after it was built.

    Args:
        outbox: where letters wait.
        transport: the way out.
        settings: the words and the links.
        idle: what else its thread does, while nothing is due to be sent.

    Raises:
        InvalidSetting: when a template cannot be used.
    """

    def __init__(
        self, outbox: Outbox, transport: Transport, settings: Settings, idle: Callable[[], None]
    ) -> None:
        self._outbox = outbox
        self._public_url = settings.public_url or ""
        self._templates = _templates(settings)
        self._transport = transport
        self._idle = idle
        self.start_anew()
        _living.add(self)

    def start_anew(self) -> None:
        """Begin without a thread: in a new process, or in the child of a fork."""
        self._lock = threading.Lock()
        self._delivery: Delivery | None = None

    def mailer(self, outbox: Outbox) -> OutboxMailer:
        """Return what puts letters into an outbox, that of a change perhaps."""
        return OutboxMailer(outbox, self._templates, self._public_url, system_clock)

    def ensure_running(self) -> None:
        """See to it that this process sends what is due."""
        if self._delivery is None:
            self._start()

    def wake(self) -> None:
        """Have what was put into the outbox sent now. Call it once that is committed."""
        self.ensure_running()
        if self._delivery is not None:
            self._delivery.wake()

    def stop(self, seconds: float = 0.0) -> None:
        """Send no more, after the message at hand; wait for that so long at most."""
        if self._delivery is not None:
            self._delivery.stop(seconds)

    def _start(self) -> None:
        with self._lock:
            if self._delivery is None:
                delivery = Delivery(self._outbox, self._transport, system_clock, self._idle)
                delivery.start()
                self._delivery = delivery


def code_lifetimes(settings: Settings) -> CodeLifetimes:
    """Return how long codes in mail are good."""
    return CodeLifetimes(
        verify_email=float(settings.verify_email_seconds),
        reset_password=float(settings.reset_password_seconds),
        admin_reset=float(settings.reset_password_seconds),
        set_password=float(settings.verify_email_seconds),
        change_email=float(settings.change_email_seconds),
    )


def _templates(settings: Settings) -> MailTemplates:
    try:
        return MailTemplates(settings.service_name, settings.mail_templates)
    except BadTemplate as error:
        raise InvalidSetting("WATCHWORD_MAIL_TEMPLATES", str(error)) from error


def _in_child() -> None:
    for mailing in list(_living):
        mailing.start_anew()


os.register_at_fork(after_in_child=_in_child)
