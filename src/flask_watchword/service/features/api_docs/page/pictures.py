"""Move the images of a style sheet to files.

Swagger UI's has them as ``data:`` URLs, which ``default-src 'self'`` blocks.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

#: A ``data:`` URL (RFC 2397) in a stylesheet: in quotes, with escapes, or without.
_URL = re.compile(rb'url\((?:"data:((?:[^"\\]|\\.)*)"|data:([^)"\']*))\)')
_ESCAPED = re.compile(rb"\\(.)")

#: File name extensions of the images, by media type.
ENDINGS = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture.

    Attributes:
        media_type: what it is.
        content: its bytes.
    """

    media_type: str
    content: bytes

    @property
    def name(self) -> str:
        """Return a name that no other picture has."""
        digest = hashlib.sha256(self.content).hexdigest()
        return f"{digest[:16]}.{ENDINGS[self.media_type]}"


def without_pictures(styles: bytes) -> tuple[bytes, Sequence[Picture]]:
    """Return the style sheet with URLs of files in place of its images, and the images."""
    pictures: list[Picture] = []

    def named(url: re.Match[bytes]) -> bytes:
        quoted, bare = url.groups()
        pictures.append(_picture(bare if quoted is None else _ESCAPED.sub(rb"\1", quoted)))
        return f"url({pictures[-1].name})".encode()

    return _URL.sub(named, styles), pictures


def _picture(data: bytes) -> Picture:
    kind, _, content = data.partition(b",")
    media_type, *parameters = kind.decode("ascii").split(";")
    plain = unquote_to_bytes(content)
    return Picture(media_type, base64.b64decode(plain) if "base64" in parameters else plain)
