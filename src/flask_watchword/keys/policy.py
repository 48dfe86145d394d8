"""How keys are kept: which kind, and how long for what."""

from dataclasses import dataclass

#: Seconds that clocks may differ, and that a process may go on with a keyring it has read. No key
#: is given up before so much more time has passed.
SLACK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """What a new key is, and when there is one. All times are in seconds.

    Attributes:
        algorithm: of new keys: ``EdDSA``, ``ES256`` or ``RS256``.
        rotation: how long a key signs before the schedule puts another in its place; 0 leaves it
            to the command.
        lead: how long a key is published before it signs, so that whoever keeps a JWK Set has it.
        token: the longest lifetime of a token; so long a key verifies after it has signed last.
    """

    algorithm: str = "EdDSA"
    rotation: float = 90 * 86_400.0
    lead: float = 3_600.0
    token: float = 30 * 86_400.0
