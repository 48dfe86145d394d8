"""The kinds of e-mail that the service sends."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationKind:
    """A kind of e-mail that a feature sends.

    Attributes:
        kind: the name of its templates: ``<kind>.subject``, ``<kind>.txt`` and ``<kind>.html``.
        page: the page below ``WATCHWORD_PUBLIC_URL`` that uses the code of the e-mail; empty for an
            e-mail without a link.
    """

    kind: str
    page: str = ""
