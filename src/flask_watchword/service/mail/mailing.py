"""Mail of the service: what it says, and who sends it in a process that serves."""

import logging
from collections.abc import Callable

from flask_watchword.accounts.one_time_codes import CodeLifetimes
from flask_watchword.accounts.outbox import Outbox, Transport
from flask_watchword.clock import system_clock
from flask_watchword.extension.resources import Resources
from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.locks import process_lock
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.mail.delivery import Delivery
from flask_watchword.service.mail.mailer import OutboxMailer
from flask_watchword.service.mail.rendering import BadTemplate, MailTemplates

_log = logging.getLogger("flask_watchword.mail")


class Mailing(ForkAware):
    """Puts letters into an outbox, and sends them by one thread in each process that serves.

    The thread begins with the first request that a process answers, so that an application may
    be forked after it was built.

    Args:
        outbox: where letters wait.
        transport: the way out.
        settings: the words and the links.
        idle: what else its thread does, while nothing is due to be sent.
        resources: of the application, with which the thread ends.

    Raises:
        InvalidSetting: when a template cannot be used.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        settings: Settings,
        idle: Callable[[], None],
        resources: Resources,
    ) -> None:
        self._outbox = outbox
        self._public_url = settings.public_url or ""
        self._templates = _templates(settings)
        self._transport = transport
        self._idle = idle
        self._resources = resources
        self._lock = process_lock()
        self._is_stopped = False
        self._delivery: Delivery | None = None
        resources.add_background(self)
        watch_forks(self)

    def after_fork(self) -> None:
        """Forget the thread of the parent."""
        self._delivery = None

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

    def stop(self) -> None:
        """Send no more in this process, after the message at hand."""
        self._is_stopped = True
        if self._delivery is not None:
            self._delivery.stop()

    def runs(self) -> bool:
        """Tell whether the thread runs, or is being started."""
        return self._delivery is not None and self._delivery.runs()

    def join(self, seconds: float) -> None:
        """Wait for the end of the thread, ``seconds`` at most."""
        if self._delivery is not None:
            self._delivery.join(seconds)

    def _start(self) -> None:
        with self._lock():
            if self._delivery is not None or self._is_stopped:
                return
            delivery = self._delivery = Delivery(
                self._outbox, self._transport, system_clock, self._idle, self._ended
            )
        # Outside of the lock, see PerProcess.
        try:
            delivery.start()
        except RuntimeError as error:
            # The process may have no further thread. The next request tries again.
            self._delivery = None
            _log.warning("mail waits: %s", error)

    def _ended(self) -> None:
        self._delivery = None
        self._resources.thread_ended()


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
