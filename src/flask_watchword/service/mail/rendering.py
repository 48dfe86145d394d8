"""Mail from templates: of the package, or of the operator's where they have one of that name."""

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

#: What each kind of letter has a template for.
_PARTS = ("subject", "txt", "html")


#: What stands for an item of a list while templates are examined: an API key.
_ITEM = {"kind": "personal", "name": "nightly", "created": "2026-01-01", "last_used": ""}


class BadTemplate(Exception):
    """A template of the operator's that cannot be used; the message says which and why."""


class MailTemplates:
    """Renders messages.

    In HTML every value is escaped; a name that is not given is an error and not an empty place.

    Args:
        product: what the service is called in mail.
        folder: where the operator keeps templates of their own.

    Raises:
        BadTemplate: when one of the templates cannot be read: found out at the start, not when
            somebody waits for their mail.
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
        """Return what a letter says.

        Args:
            kind: what it is about.
            email: the address it goes to.
            code: the one-time code in it, where it has one.
            link: a page that uses the code, built from the service's public address, where it
                has one.
            within: how long the code is good, in words.
            about: what the message names: an API key, or how many recovery codes are left.
            items: what the message lists; of each item the values that the template shows.

        Raises:
            BadTemplate: when a template cannot be rendered.
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
        # One line, whatever an address in it or a template of the operator's has.
        return Body(" ".join(subject.split()), text, html)

    def _part(self, name: str, values: Mapping[str, object]) -> str:
        try:
            return self._environment.get_template(name).render(values)
        except (TemplateError, UnicodeDecodeError, OSError) as error:
            raise BadTemplate(f"{name}: {error or type(error).__name__}") from error


@cache
def _package_environment() -> Environment:
    # Shared by the applications of a process, so that each template is compiled once and only
    # when the first message of its kind is rendered.
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
