"""The files of the page: our own, and those of Swagger UI from its package."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from flask_watchword.service.features.api_docs.page.pictures import without_pictures

_OURS = "flask_watchword.service.features.api_docs.page"
_THEIRS = "flask_swagger_ui"
_ICON = "favicon-32x32.png"

CSS, JAVASCRIPT = "text/css", "text/javascript"


@dataclass(frozen=True, slots=True)
class Part:
    """A file.

    Attributes:
        media_type: what it is.
        content: its bytes.
    """

    media_type: str
    content: bytes


@cache
def page() -> bytes:
    """Return the page itself."""
    return _ours("page.html")


@cache
def parts() -> Mapping[str, Part]:
    """Return the files that the page uses, by name; no other file of the package is served."""
    styles, pictures = without_pictures(_theirs("swagger-ui.css"))
    return {
        "page.css": Part(CSS, _ours("page.css")),
        "page.js": Part(JAVASCRIPT, _ours("page.js")),
        "swagger-ui.css": Part(CSS, styles),
        "swagger-ui-bundle.js": Part(JAVASCRIPT, _theirs("swagger-ui-bundle.js")),
        _ICON: Part("image/png", _theirs(_ICON)),
        **{one.name: Part(one.media_type, one.content) for one in pictures},
    }


def _ours(name: str) -> bytes:
    return files(_OURS).joinpath(name).read_bytes()


def _theirs(name: str) -> bytes:
    return files(_THEIRS).joinpath("dist", name).read_bytes()
