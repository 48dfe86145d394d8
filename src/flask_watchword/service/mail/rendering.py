"""Render e-mail from the package's templates or from the operator's replacements."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)

from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.outbox import Body

#: The templates of each kind of notification, by suffix.
_PARTS = ("subject", "txt", "html")


#: A sample list item for checking templates at start-up: an API key.
_ITEM = {"kind": "personal", "name": "nightly", "created": "2026-01-01", "last_used": ""}


class BadTemplate(Exception):
    """An operator's template is invalid; the message names it and the reason."""


class MailTemplates:
    """Render e-mail.

    Values in HTML are escaped; an undefined name is an error rather than an empty string.

    Args:
        product: the name of the service in e-mail.
        folder: a folder with the operator's templates.

    Raises:
        BadTemplate: if a template cannot be rendered. It is detected at start-up rather than when a
            user waits for the message.
    """

    def __init__(self, product: str, folder: Path | None = None) -> None:
        self._product = product
        if folder is None:
            self._environment = _package_environment()
            return
        own = FileSystemLoader(folder)
        self._environment = _environment(ChoiceLoader([own, _package_loader()]))
        for kind in NotificationKind:
            for code in ("", "code"):
                self.render(
                    kind,
                    email="name@example.com",
                    code=code,
                    link=code,
                    within="1 hour",
                    about=code,
                    items=(_ITEM,) if code else (),
                )

    def render(
        self,
        kind: NotificationKind,
        *,
        email: str,
        code: str = "",
        link: str = "",
        within: str = "",
        about: str = "",
        items: Sequence[Mapping[str, str]] = (),
    ) -> Body:
        """Return the subject and both bodies of a message.

        Args:
            kind: the kind of notification.
            email: the recipient's address.
            code: the one-time code, if any.
            link: the URL of a page that takes the code, if the public URL is configured.
            within: the lifetime of the code, in words.
            about: the subject of the message: an API key, or the number of recovery codes left.
            items: the items that the message lists, each with the values that the template shows.

        Raises:
            BadTemplate: if a template cannot be rendered.
        """
        values: dict[str, object] = {
            "product": self._product,
            "email": email,
            "code": code,
            "link": link,
            "within": within,
            "about": about,
            "items": items,
        }
        subject, text, html = (self._part(f"{kind}.{part}", values) for part in _PARTS)
        # The subject is one line, even if an address or an operator's template contains more.
        return Body(" ".join(subject.split()), text, html)

    def _part(self, name: str, values: Mapping[str, object]) -> str:
        try:
            return self._environment.get_template(name).render(values)
        except (TemplateError, UnicodeDecodeError, OSError) as error:
            raise BadTemplate(f"{name}: {error or type(error).__name__}") from error


@cache
def _package_environment() -> Environment:
    # Shared by all applications of a process, so that each template is compiled once, when the
    # first message of its kind is rendered.
    return _environment(_package_loader())


def _package_loader() -> BaseLoader:
    return PackageLoader("flask_watchword.service.mail")


def _environment(loader: BaseLoader) -> Environment:
    return Environment(
        loader=loader,
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
