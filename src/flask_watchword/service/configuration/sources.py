"""Merge the sources of settings: ``app.config``, the environment and ``.env``; the first one wins.

An empty variable counts as unset. Variables that Kubernetes and Docker inject for a service that is
called ``watchword`` are ignored.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_watchword.service.configuration.setting import PREFIX

#: Variables that Kubernetes injects for a Service, and Docker for a link; no setting has such a
#: name (Kubernetes documentation, "Environment variables" of a Service).
_OF_SERVICE = re.compile(
    r".+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR|START|END))?)"
)
#: ``WATCHWORD_PORT=tcp://10.96.0.17:5000``, where the setting is a number.
_ADDRESS = re.compile(r"(tcp|udp|sctp)://.+")
#: ``WATCHWORD_DB_NAME=/web/watchword-db`` of a Docker link.
_LINK = re.compile(r"/[^/]+/[^/]+")


def merged(*sources: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that are set in any of the sources; the first source wins.

    A secret and its file are two variables for one setting, so a source that has either hides both
    in later sources.
    """
    found: dict[str, Any] = {}
    for source in sources:
        hidden = {*found, *(f"{name}_FILE" for name in found)}
        hidden |= {name.removesuffix("_FILE") for name in found}
        found |= {name: value for name, value in _set_in(source).items() if name not in hidden}
    return found


def _set_in(source: Mapping[str, Any]) -> dict[str, Any]:
    ours = {name: value for name, value in source.items() if str(name).startswith(PREFIX)}
    injected = set(_injected(ours))
    return {
        name: value
        for name, value in ours.items()
        if name not in injected and value is not None and value != ""
    }


def _injected(variables: Mapping[str, Any]) -> Iterable[str]:
    addresses = _named(variables, "_PORT", _ADDRESS)
    links = _named(variables, "_NAME", _LINK)
    yield from (name + "_PORT" for name in addresses)
    yield from (name + "_NAME" for name in links)
    # A link also copies the environment of the linked container.
    copies = tuple(f"{name}_ENV_" for name in addresses | links)
    for name in variables:
        if _OF_SERVICE.fullmatch(name) or name.startswith(copies):
            yield name


def _named(variables: Mapping[str, Any], ending: str, pattern: re.Pattern[str]) -> set[str]:
    """Return the names, without an ending, of variables whose value matches a pattern."""
    return {
        name.removesuffix(ending)
        for name, value in variables.items()
        if name.endswith(ending) and isinstance(value, str) and pattern.fullmatch(value)
    }
