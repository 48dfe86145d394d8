"""What a Valkey or Redis server tells of itself to whoever examines it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_watchword.infra.valkey.client import Server, client_opener


@dataclass(frozen=True, slots=True)
class ValkeyState:
    """What a server tells of itself.

    Attributes:
        ahead: seconds that its clock is ahead of this machine's.
        eviction: its ``maxmemory-policy``.
        most_memory: its ``maxmemory`` in bytes; 0 where there is none.
        appends: whether it writes each change to an append-only file.
    """

    ahead: float
    eviction: str
    most_memory: int
    appends: bool


def valkey_states(url: str) -> Sequence[ValkeyState]:
    """Return what a server tells of itself; of a cluster, what each of its primaries does.

    Raises:
        StoreUnavailable: when one does not answer within some seconds.
        ValueError: when the URL is of no known kind.
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
    began = time.time()
    seconds, microseconds = client.execute_command("TIME", **of)
    # Half of the way there and back.
    ahead = int(seconds) + int(microseconds) / 1e6 - (began + time.time()) / 2
    memory = client.execute_command("INFO", "memory", **of)
    persistence = client.execute_command("INFO", "persistence", **of)
    return ValkeyState(
        ahead=ahead,
        eviction=str(memory.get("maxmemory_policy", "unknown")),
        most_memory=int(memory.get("maxmemory", 0)),
        appends=bool(int(persistence.get("aof_enabled", 0))),
    )
