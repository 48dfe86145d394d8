"""How many connections a worker accepts, within the limit of the system."""

import logging
import resource

_logger = logging.getLogger(__name__)

#: Open connections of one worker. An idle one takes about 15 KiB.
MAX_CONNECTIONS = 4096

#: File descriptors that a worker needs besides: stores, logs, shared metrics, its own files.
_OTHER_FILES = 256


def raise_file_limit() -> int:
    """Raise the limit of open files as far as is useful; return the connections it permits."""
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    connections = MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else soft - _OTHER_FILES
    connections = min(MAX_CONNECTIONS, max(connections, soft // 2))
    if connections < MAX_CONNECTIONS:
        _logger.warning(
            "each worker accepts %d connections only, because it may open %d files; raise the "
            "limit (ulimit -Hn, or LimitNOFILE= in systemd) to %d",
            connections,
            soft,
            wanted,
        )
    return connections
