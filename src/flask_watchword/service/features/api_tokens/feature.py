"""API keys and clients, and the access tokens they get."""

from importlib.resources import files

from flask_watchword.service.feature import Feature
from flask_watchword.service.features.api_tokens.http.clients import (
    list_clients,
    make_client,
    revoke_client,
)
from flask_watchword.service.features.api_tokens.http.personal import (
    list_tokens,
    make_token,
    revoke_token,
)
from flask_watchword.service.features.api_tokens.http.token import token
from flask_watchword.service.features.api_tokens.limits import MACHINE_TOKEN_PER_ADDRESS
from flask_watchword.service.mail.kinds import NotificationKind

FEATURE = Feature(
    name="api_tokens",
    summary="API keys and clients, and the access tokens they get.",
    endpoints=(
        list_tokens,
        make_token,
        revoke_token,
        list_clients,
        make_client,
        revoke_client,
        token,
    ),
    rate_limits=(MACHINE_TOKEN_PER_ADDRESS,),
    audit_events={
        "machine_token_made": "an API key or a client was created; `kind` says which",
        "machine_token_revoked": "an API key or a client was revoked",
    },
    notifications=(
        NotificationKind(kind="api_key_added"),
        NotificationKind(kind="client_added"),
    ),
    templates=files("flask_watchword.service.features.api_tokens") / "templates",
)
