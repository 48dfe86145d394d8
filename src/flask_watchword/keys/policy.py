"""The key policy: algorithm, rotation period and lifetimes."""

from dataclasses import dataclass

#: Allowance in seconds for clock differences and for the time a process uses a keyring that it has
#: cached. No key is dropped until this much more time has passed.
SLACK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How new keys are made and when. All times are in seconds.

    Attributes:
        algorithm: of new keys: ``EdDSA``, ``ES256`` or ``RS256``.
        rotation: how long a key signs before it is rotated on schedule; 0 means only by command.
        lead: how long a key is published before it signs, so that clients which cache the JWK Set
            have it by then.
        token: the longest lifetime of a token; a key verifies for this long after it last signed.
    """

    algorithm: str = "EdDSA"
    rotation: float = 90 * 86_400.0
    lead: float = 3_600.0
    token: float = 30 * 86_400.0
