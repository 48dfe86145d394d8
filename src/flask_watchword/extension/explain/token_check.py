"""Explain the response of an application to a token, with every check on the way.

It changes nothing, unless a loader of the application does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask
from flask.typing import ResponseReturnValue

from flask_watchword.extension.explain.request_trace import new_trace, trace_request
from flask_watchword.extension.explain.verdict import Verdict, request_with, verdict_of
from flask_watchword.extension.options.keys import verifying_keys
from flask_watchword.extension.state import state_of
from flask_watchword.extension.verification.requirements import Requirements
from flask_watchword.extension.verification.verify import verify
from flask_watchword.jose.explain import Step, shown
from flask_watchword.jose.keys import Key


@dataclass(frozen=True, slots=True)
class TokenCheck:
    """The explanation of a token.

    Attributes:
        steps: the checks, in the order of a protected view.
        verdict: the response of the application.
    """

    steps: Sequence[Step]
    verdict: Verdict


def check_token(app: Flask, token: str, *, refresh: bool) -> TokenCheck:
    """Explain the response of a ``@jwt_required()`` view to a token in the header.

    Args:
        app: the application.
        token: the token, as in the header.
        refresh: whether the view requires a refresh token, or any other.

    Raises:
        StoreUnavailable: when a store does not respond.
    """
    stop_following(app)
    requirements = Requirements(refresh=refresh, locations="headers")

    def view() -> ResponseReturnValue:
        verify(requirements)
        return ""

    with request_with(app, token):
        trace = new_trace()
        trace_request(trace, token, lambda: _known_keys(app), refresh=refresh)
        verdict = verdict_of(view)
    # The status of the view above is not that of the application's own views.
    return TokenCheck(trace.steps, Verdict(True, None) if verdict.accepted else verdict)


def stop_following(app: Flask) -> None:
    """Stop the thread that follows the revocations.

    The store is then asked once for each check. The thread would also purge expired rows, which an
    explanation must not.
    """
    revocations = state_of(app).revocations
    if revocations is not None:
        revocations.close()


def _known_keys(app: Flask) -> tuple[Sequence[Key], str]:
    provider = state_of(app).key_provider
    keys = verifying_keys(app.config) if provider is None else provider.verifying_keys()
    names = dict.fromkeys(
        f"{shown(key.kid or 'one without a kid')} ({key.algorithm})" for key in keys
    )
    return keys, ", ".join(names)
