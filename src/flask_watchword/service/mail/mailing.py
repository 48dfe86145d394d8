"""Set up e-mail of the service, and run the delivery thread in each serving process."""

import logging
from collections.abc import Callable, Sequence
from importlib.resources.abc import Traversable

from flask_watchword.accounts.outbox import Outbox, Transport
from flask_watchword.clock import system_clock
from flask_watchword.extension.resources import Resources
from flask_watchword.fork_safety import ForkAware, watch_forks
from flask_watchword.locks import process_lock
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.mail.delivery import Delivery
from flask_watchword.service.mail.kinds import NotificationKind
from flask_watchword.service.mail.mailer import OutboxMailer
from flask_watchword.service.mail.rendering import BadTemplate, MailTemplates

_log = logging.getLogger("flask_watchword.mail")


class Mailing(ForkAware):
    """Queue notifications, and deliver them with one thread in each serving process.

    The thread starts with the first request of a process, so that an application can be forked
    after it was created.

    Args:
        outbox: the queue of messages.
        transport: sends a message.
        settings: service name, public URL and the operator's templates.
        kinds: the kinds of e-mail.
        folders: the folders of their templates.
        idle: other background work of the thread, run while no message is due.
        resources: of the application; closing them stops the thread.

    Raises:
        InvalidSetting: if a template is invalid.
    """

    def __init__(
        self,
        outbox: Outbox,
        transport: Transport,
        settings: Settings,
        kinds: Sequence[NotificationKind],
        folders: Sequence[Traversable],
        idle: Callable[[], None],
        resources: Resources,
    ) -> None:
        self._outbox = outbox
        self._public_url = settings.public_url or ""
        self._templates = _templates(settings, kinds, folders)
        self._transport = transport
        self._idle = idle
        self._resources = resources
        self._lock = process_lock()
        self._is_stopped = False
        self._delivery: Delivery | None = None
        resources.add_background(self)
        watch_forks(self)

    def after_fork(self) -> None:
        """Discard the thread of the parent process."""
        self._delivery = None

    def mailer(self, outbox: Outbox) -> OutboxMailer:
        """Return a mailer for an outbox, for example that of a transaction."""
        return OutboxMailer(outbox, self._templates, self._public_url, system_clock)

    def ensure_running(self) -> None:
        """Start the delivery thread unless it is running in this process."""
        if self._delivery is None:
            self._start()

    def wake(self) -> None:
        """Send queued messages now. Call this after the transaction has committed."""
        self.ensure_running()
        if self._delivery is not None:
            self._delivery.wake()

    def stop(self) -> None:
        """Stop sending in this process, after the current message."""
        self._is_stopped = True
        if self._delivery is not None:
            self._delivery.stop()

    def is_running(self) -> bool:
        """Tell whether the thread is running or starting."""
        return self._delivery is not None and self._delivery.is_running()

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, for at most ``seconds``."""
        if self._delivery is not None:
            self._delivery.join(seconds)

    def _start(self) -> None:
        with self._lock():
            if self._delivery is not None or self._is_stopped:
                return
            delivery = self._delivery = Delivery(
                self._outbox, self._transport, system_clock, self._idle, self._ended
            )
        # Outside the lock: a greenlet runs before `start` returns, see PerProcess.
        try:
            delivery.start()
        except RuntimeError as error:
            # The process cannot start another thread. The next request tries again.
            self._delivery = None
            _log.warning("mail delayed: %s", error)

    def _ended(self) -> None:
        self._delivery = None
        self._resources.thread_ended()


def _templates(
    settings: Settings, kinds: Sequence[NotificationKind], folders: Sequence[Traversable]
) -> MailTemplates:
    try:
        return MailTemplates(settings.service_name, kinds, folders, settings.mail_templates)
    except BadTemplate as error:
        raise InvalidSetting("WATCHWORD_MAIL_TEMPLATES", str(error)) from error
