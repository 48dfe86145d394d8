"""Hashes computed by other software, with their passwords."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from tests.docs.move_users import snippet

HERE = Path(__file__).parents[2] / "vectors" / "imported_hashes"
SYSTEMS = ("aspnet", "django", "firebase", "keycloak", "passlib", "werkzeug", "wordpress")


class Vector(NamedTuple):
    """One hash."""

    system: str
    kind: str
    password: str
    hash: str

    @property
    def name(self) -> str:
        return f"{self.system}-{self.kind}-{ascii(self.password)[1:11]}"


def _read(system: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((HERE / f"{system}.json").read_text(encoding="utf-8"))
    return read


def _vectors(system: str) -> list[Vector]:
    return [
        Vector(system, one["kind"], one["password"], one.get("hash") or _of_keycloak(one))
        for one in _read(system)["vectors"]
    ]


def _of_keycloak(vector: dict[str, Any]) -> str:
    text: str = snippet("Keycloak")["hash_of"](vector["credential"])
    return text


VECTORS = [vector for system in SYSTEMS for vector in _vectors(system)]
#: The hashes of each library with its default costs.
DEFAULTS = [stored for system in SYSTEMS for stored in _read(system).get("defaults", [])]
#: One hash of each scheme.
KINDS = list({(vector.system, vector.kind): vector for vector in VECTORS}.values())
