"""Signals of sessions (blinker): each is sent by the application, with ``session=…``.

They are sent after the store has committed what they tell of.
"""

from blinker import Namespace

_signals = Namespace()

#: A subject has signed in.
session_started = _signals.signal("session-started")
#: A refresh token got its pair; ``repeated`` tells whether that generation was handed out before.
session_refreshed = _signals.signal("session-refreshed")
#: A refresh token was used again within the grace period. Sent for the first repeat of a generation
#: only, and once more for the first from another network or user agent; ``elsewhere`` tells which.
#: ``session.elsewhere_in_a_row`` counts the generations in a row that were repeated elsewhere.
refresh_repeated = _signals.signal("refresh-repeated")
#: A session was ended; ``session.end_reason`` tells why. Sessions that die of age are not told of.
session_ended = _signals.signal("session-ended")
#: A spent refresh token was presented, and its session ended for it.
refresh_reused = _signals.signal("refresh-reused")
