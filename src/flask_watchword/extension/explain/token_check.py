"""What an application answers to a token, and by which step: for whoever asks why it was refused.

Nothing is changed by it, unless a loader of the application changes something.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask
from flask.typing import ResponseReturnValue

from flask_watchword.extension.explain.token_walk import (
    Verdict,
    answer_to,
    new_walk,
    request_with,
    walk_token,
)
from flask_watchword.extension.options.keys import verifying_keys
from flask_watchword.extension.state import state_of
from flask_watchword.extension.verification.requirements import Requirements
from flask_watchword.extension.verification.verify import verify
from flask_watchword.jose.explain import Step, shown
from flask_watchword.jose.keys import Key


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """What came of a token.

    Attributes:
        steps: what was asked, in the order in which a protected view asks it.
        verdict: the answer of the application itself.
    """

    steps: Sequence[Step]
    verdict: Verdict


def check_token(app: Flask, token: str, *, refresh: bool) -> TokenCheck:
    """Return what a view under ``@jwt_required()`` answers to a token in the header, and why.

    Args:
        app: the application.
        token: the token, as a header would carry it.
        refresh: whether the view takes a refresh token, or any other.

    Raises:
        StoreUnavailable: when a store does not answer.
    """
    stop_following(app)
    requirements = Requirements(refresh=refresh, locations="headers")

    def view() -> ResponseReturnValue:
        verify(requirements)
        return ""

    with request_with(app, token):
        walk = new_walk()
        walk_token(walk, token, lambda: _known_keys(app), refresh=refresh)
        verdict = answer_to(view)
    # What the view above answers says nothing of the application's own views.
    return TokenCheck(walk.steps, Verdict(True, None) if verdict.accepted else verdict)


def stop_following(app: Flask) -> None:
    """Let an application ask for revocations when it needs to know, without a thread beside it.

    It knows what it knew before; only the thread, which also purges, is no more.
    """
    revocations = state_of(app).revocations
    if revocations is not None:
        revocations.close()


def _known_keys(app: Flask) -> tuple[Sequence[Key], str]:
    source = state_of(app).key_provider
    keys = verifying_keys(app.config) if source is None else source.verifying_keys()
    named = dict.fromkeys(
        f"{shown(key.kid or 'one without a kid')} ({key.algorithm})" for key in keys
    )
    return keys, ", ".join(named)
