"""The schemas of the structs that endpoints take and answer, by name."""

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Struct = type[msgspec.Struct]
Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_ATTRIBUTES = "Attributes:\n"
#: An attribute in a docstring: its name, and what it is, with the lines that go on deeper in.
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.+(?:\n {5,}.+)*)", re.MULTILINE)


class Schemas:
    """What structs look like in JSON (JSON Schema 2020-12), and how to refer to them.

    What their docstrings say of them and of their attributes is said there as well.

    Args:
        kinds: the structs.

    Attributes:
        components: the schemas by name, those of structs within structs among them.
    """

    def __init__(self, kinds: Iterable[Struct]) -> None:
        distinct = list(dict.fromkeys(kinds))
        references, components = msgspec.json.schema_components(distinct, ref_template=_REFERENCE)
        self._references: Mapping[Struct, Schema] = dict(zip(distinct, references, strict=True))
        self.components = {name: _described(schema) for name, schema in components.items()}

    def of(self, kind: Struct) -> Schema:
        """Return what refers to the schema of a struct."""
        return self._references[kind]

    def whole(self, kind: Struct) -> Schema:
        """Return the schema of a struct itself."""
        return self.components[self.of(kind)["$ref"].rpartition("/")[2]]


def _described(schema: Schema) -> Schema:
    text, _, attributes = inspect.cleandoc(schema.get("description", "")).partition(_ATTRIBUTES)
    described = {**schema, "description": text.strip()}
    told = {name: " ".join(said.split()) for name, said in _ATTRIBUTE.findall(attributes)}
    described["properties"] = {
        name: {**one, "description": told[name]} if name in told else one
        for name, one in schema.get("properties", {}).items()
    }
    return described
