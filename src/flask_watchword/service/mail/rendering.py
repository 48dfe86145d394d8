"""Render e-mail from the package's templates or from the operator's replacements."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    select_autoescape,
)

from flask_watchword.accounts.outbox import Body
from flask_watchword.service.mail.kinds import NotificationKind

#: The layout that every HTML part extends.
_BASE = Path(__file__).with_name("templates")

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
        kinds: the kinds of e-mail.
        folders: the folders of their templates.
        folder: a folder with the operator's templates, which replace those of the same name.

    Raises:
        BadTemplate: if a template of the operator cannot be rendered. It is detected at start-up
            rather than when a user waits for the message.
    """

    def __init__(
        self,
        product: str,
        kinds: Sequence[NotificationKind],
        folders: Sequence[Traversable],
        folder: Path | None = None,
    ) -> None:
        self._product = product
        self._pages = {one.kind: one.page for one in kinds}
        #: The kind of the e-mail that is rendered where none is sent: one with a code.
        self.decoy_kind = max(kinds, key=lambda one: bool(one.page)).kind if kinds else ""
        packaged = tuple(str(one) for one in folders)
        if folder is None:
            self._environment = _package_environment(packaged)
            return
        own = FileSystemLoader(folder)
        self._environment = _environment(ChoiceLoader([own, _package_loader(packaged)]))
        for kind in self._pages:
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

    def page_of(self, kind: str) -> str:
        """Return the page that uses the code of this kind of e-mail; empty for none."""
        return self._pages[kind]

    def render(
        self,
        kind: str,
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
def _package_environment(folders: tuple[str, ...]) -> Environment:
    # Shared by all applications of a process, so that each template is compiled once, when the
    # first message of its kind is rendered.
    return _environment(_package_loader(folders))


def _package_loader(folders: tuple[str, ...]) -> BaseLoader:
    return ChoiceLoader([FileSystemLoader(_BASE), FileSystemLoader(folders)])


def _environment(loader: BaseLoader) -> Environment:
    return Environment(
        loader=loader,
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
