"""JSON schemas of the structs in requests and responses, by name."""

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Struct = type[msgspec.Struct]
Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_ATTRIBUTES = "Attributes:\n"
#: An attribute in a docstring: its name and its description, with deeper indented further lines.
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.+(?:\n {5,}.+)*)", re.MULTILINE)


class Schemas:
    """Schemas of structs (JSON Schema 2020-12), and references to them.

    The docstrings of structs and their attributes become descriptions.

    Args:
        kinds: the structs.

    Attributes:
        components: the schemas by name, including those of nested structs.
    """

    def __init__(self, kinds: Iterable[Struct]) -> None:
        distinct = list(dict.fromkeys(kinds))
        references, components = msgspec.json.schema_components(distinct, ref_template=_REFERENCE)
        self._references: Mapping[Struct, Schema] = dict(zip(distinct, references, strict=True))
        self.components = {name: _described(schema) for name, schema in components.items()}

    def of(self, kind: Struct) -> Schema:
        """Return a reference to the schema of a struct."""
        return self._references[kind]

    def whole(self, kind: Struct) -> Schema:
        """Return the schema of a struct."""
        return self.components[self.of(kind)["$ref"].rpartition("/")[2]]


def _described(schema: Schema) -> Schema:
    text, _, attributes = inspect.cleandoc(schema.get("description", "")).partition(_ATTRIBUTES)
    described = {**schema, "description": text.strip()}
    texts = {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(attributes)}
    described["properties"] = {
        name: {**one, "description": texts[name]} if name in texts else one
        for name, one in schema.get("properties", {}).items()
    }
    return described
