"""DELETE /me: the end of an account."""

from flask import Response

from flask_watchword.accounts.admins import (
    NoSuchUser,
    refuse_last_admin,
    remove_user,
)
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.service.access import ACCESS
from flask_watchword.service.account_transactions import sessions_ended
from flask_watchword.service.api_token_access import clients_in
from flask_watchword.service.audit_events import current_session, event
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_REFUSALS,
    Confirmation,
    second_factor_shown,
)
from flask_watchword.service.authentication.reauthentication import reauthenticated_user
from flask_watchword.service.context import service_context
from flask_watchword.service.cookies import clear_own_cookies
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import no_content
from flask_watchword.service.tokens import user_gone


@endpoint(
    "DELETE",
    "/me",
    summary="Delete one's account, for good",
    guard=ACCESS,
    body=Confirmation,
    answers={204: None},
    refusals={401: ("user_gone",), **CONFIRMATION_REFUSALS, 409: ("last_admin",)},
)
def delete_account(body: Confirmation) -> Response:
    """Answer 204; account, codes, second factor, tokens and sessions are gone."""
    parts = service_context()
    user_id, session = reauthenticated_user(body.password).id, current_session()
    try:
        # Asked first, so that a refusal costs no session, and once more in the change.
        refuse_last_admin(parts.stores.users, user_id)
        with second_factor_shown(user_id, body), sessions_ended(user_id) as gone:

            def remove(stores: AccountStores) -> None:
                gone.extend(clients_in(stores.api_tokens, user_id))
                remove_user(stores, user_id)
                stores.audit.append([event("user_deleted", user_id, session)])

            parts.change(remove)
    except NoSuchUser:
        return user_gone()
    return clear_own_cookies(no_content())
