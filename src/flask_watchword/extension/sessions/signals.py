"""Signals of sessions (blinker). The sender is the application, and each has ``session=…``.

They are sent after the store has committed the change.
"""

from blinker import Namespace

_signals = Namespace()

#: A session has started.
session_started = _signals.signal("session-started")
#: A refresh token was exchanged; ``repeated`` tells whether that generation was issued before.
session_refreshed = _signals.signal("session-refreshed")
#: A refresh token was used again within the grace period. Sent once for each generation, and once
#: more for the first repeat from another network or user agent; ``elsewhere`` tells which.
#: ``session.elsewhere_in_a_row`` counts consecutive generations that were repeated elsewhere.
refresh_repeated = _signals.signal("refresh-repeated")
#: A session was ended; ``session.end_reason`` tells why. Not sent for sessions that expire.
session_ended = _signals.signal("session-ended")
#: A used refresh token was presented again, and its session was ended.
refresh_reused = _signals.signal("refresh-reused")
