"""State of a Valkey or Redis server, for the doctor's checks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_watchword.infra.valkey.client import Server, client_opener


@dataclass(frozen=True, slots=True)
class ValkeyState:
    """State of a server.

    Attributes:
        ahead: seconds by which its clock is ahead of this machine's.
        eviction: its ``maxmemory-policy``.
        most_memory: its ``maxmemory`` in bytes; 0 for no limit.
        appends: whether it writes changes to an append-only file.
    """

    ahead: float
    eviction: str
    most_memory: int
    appends: bool


def valkey_states(url: str) -> Sequence[ValkeyState]:
    """Return the state of a server, or of each primary of a cluster.

    Raises:
        StoreUnavailable: when one does not answer in time.
        ValueError: when the URL has another form.
        MissingExtra: when neither valkey-py nor redis-py is installed.
    """
    server = Server(client_opener(url))
    try:
        with server.client() as client:
            nodes = getattr(client, "get_primaries", None)
            if nodes is None:
                return [_state(client, {})]
            return [_state(client, {"target_nodes": node}) for node in nodes()]
    finally:
        server.close()


def _state(client: Any, of: dict[str, Any]) -> ValkeyState:
    started = time.time()
    seconds, microseconds = client.execute_command("TIME", **of)
    # Half of the round trip.
    ahead = int(seconds) + int(microseconds) / 1e6 - (started + time.time()) / 2
    memory = client.execute_command("INFO", "memory", **of)
    persistence = client.execute_command("INFO", "persistence", **of)
    return ValkeyState(
        ahead=ahead,
        eviction=str(memory.get("maxmemory_policy", "unknown")),
        most_memory=int(memory.get("maxmemory", 0)),
        appends=bool(int(persistence.get("aof_enabled", 0))),
    )
