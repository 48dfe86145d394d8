"""``watchword keys``: manage the signing keys of the service."""

import contextlib
import json
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, NamedTuple

import click

from flask_watchword.cli.admin_context import ACTOR
from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import ID_MAY_BEGIN_WITH_HYPHEN, database_option
from flask_watchword.cli.output import format_time, json_option, print_outcome
from flask_watchword.cli.schema_check import require_current_schema
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.accounts.audit import Detail
    from flask_watchword.keys.manager import KeyManager
    from flask_watchword.keys.store import KeyStore, StoredKey
    from flask_watchword.service.configuration.settings import Settings

_NOW_HELP = (
    "Sign with it at once. Clients with a cached JWK Set reject its tokens until they fetch the "
    "set again."
)


class _Keys(NamedTuple):
    """The keys that a command changes."""

    settings: "Settings"
    store: "KeyStore"
    manager: "KeyManager"


@click.group()
def keys() -> None:
    """Manage the keys that sign the service's tokens.

    A key is published before it signs, and verifies until the last token it signed has expired, so
    a rotation signs no user out. The service rotates its keys every 90 days.
    """


@keys.command("list")
@database_option
@json_option
def list_keys(database: str | None, as_json: bool) -> None:
    """List the keys: next, active, retiring and retired."""
    with _opened(database) as (_, store):
        from flask_watchword.clock import system_clock
        from flask_watchword.service.features.signing_keys.key_table import show_keys

        stored = store.load()
        show_keys(stored, system_clock(), as_json=as_json)


@keys.command("export-public")
@database_option
def export_public(database: str | None) -> None:
    """Print the JWK Set that the service publishes."""
    with _opened(database) as (_, store):
        from flask_watchword.clock import system_clock
        from flask_watchword.jose.jwk_set import jwk_set
        from flask_watchword.keys.ring import public_keys_of

        published = public_keys_of(store.load(), system_clock())
    click.echo(json.dumps(jwk_set(published), indent=2))


@keys.command()
@database_option
@click.option("--now", "at_once", is_flag=True, help=_NOW_HELP)
@json_option
def rotate(database: str | None, at_once: bool, as_json: bool) -> None:
    """Publish a new key that signs once clients have had time to fetch it.

    It signs after WATCHWORD_KEY_PUBLISH_SECONDS, by default one hour.
    """
    with _changing(database) as command:
        kid = command.manager.rotate(at_once=at_once)
        _record(command, "key_rotated", kid=kid)
        _print_key(command, kid, _start_sentence(command, kid), as_json=as_json)


@keys.command("import")
@click.argument("file", type=click.File("rb"))
@database_option
@click.option(
    "--algorithm",
    metavar="NAME",
    help="Algorithm of the key, such as PS256.  [default: its own, or the usual one of its type]",
)
@click.option("--now", "at_once", is_flag=True, help=_NOW_HELP)
@json_option
def import_key(
    file: IO[bytes], database: str | None, algorithm: str | None, at_once: bool, as_json: bool
) -> None:
    """Import an external key, PEM or JWK.

    FILE may be - for standard input. A private key becomes the next signing key. A public key only
    verifies: tokens that another service signed with it are accepted here until it is retired.
    """
    with _changing(database) as command:
        from flask_watchword.keys.material import read_material

        material = read_material(file.read(), algorithm)
        kid = command.manager.import_key(material, at_once=at_once)
        _record(command, "key_imported", kid=kid)
        sentence = f"{kid} verifies from now on."
        if material.private:
            sentence = _start_sentence(command, kid)
        _print_key(command, kid, sentence, as_json=as_json)


@keys.command(context_settings=ID_MAY_BEGIN_WITH_HYPHEN)
@click.argument("kid")
@database_option
@json_option
def retire(kid: str, database: str | None, as_json: bool) -> None:
    """Retire a key that is no longer needed; no valid token is rejected.

    A key that has not signed yet is withdrawn. A key that only verifies does so until its last
    token has expired.
    """
    with _changing(database) as command:
        command.manager.retire(kid)
        _record(command, "key_retired", kid=kid)
        _print_key(command, kid, _end_sentence(command, kid), as_json=as_json)


@keys.command(context_settings=ID_MAY_BEGIN_WITH_HYPHEN)
@click.argument("kid")
@database_option
@click.option(
    "--lost-master-key",
    is_flag=True,
    help="Continue although the master key cannot decrypt the keys, because theirs is lost.",
)
@json_option
def revoke(kid: str, database: str | None, lost_master_key: bool, as_json: bool) -> None:
    """Reject every token of a compromised key, at once and everywhere.

    If it was the signing key, another key signs at once. Users with its tokens must log in again.
    """
    with _changing(database, master_key_is_lost=lost_master_key) as command:
        from flask_watchword.service.signing.signing_keys import revoke_key
        from flask_watchword.service.stores import opened_stores

        with opened_stores(command.settings) as stores:
            revoke_key(command.manager, stores.sessions, kid, master_key_is_lost=lost_master_key)
        _record(command, "key_revoked", kid=kid)
        _print_key(command, kid, f"{kid} is revoked: its tokens are rejected.", as_json=as_json)


@keys.command()
@database_option
@json_option
def reseal(database: str | None, as_json: bool) -> None:
    """Re-encrypt all secrets with the first master key, so that the others can be removed.

    The secrets are the signing keys, the TOTP secrets and the queued e-mail. First restart every
    node with WATCHWORD_MASTER_KEY=NEW,OLD. The exit status is 1 if a value is encrypted with a
    master key that is not configured; that value is left unchanged.
    """
    with _changing(database) as command:
        from flask_watchword.service.signing.reencryption import reencrypt_all
        from flask_watchword.service.stores import opened_accounts

        with opened_accounts(command.settings) as accounts:
            result = reencrypt_all(command.manager, accounts.repositories)
        _record(command, "keys_resealed", resealed=result.done, unreadable=result.unreadable)
    members = {"resealed": result.done, "unreadable": result.unreadable}
    sentence = f"Re-encrypted: {result.done}. All values are under the first master key."
    if result.unreadable:
        sentence = (
            f"Re-encrypted: {result.done}. Under a master key that is not configured: "
            f"{result.unreadable}; configure that one as well, NEW,OLD,OLDER."
        )
    print_outcome(sentence, members, as_json=as_json)
    if result.unreadable:
        raise click.exceptions.Exit(1)


@contextlib.contextmanager
def _opened(database: str | None) -> Iterator[tuple["Settings", "KeyStore"]]:
    with one_line_store_failures():
        # Imported here because these load Flask and SQLAlchemy.
        from flask_watchword.service.load_settings import environment, read_settings
        from flask_watchword.service.stores import opened_keys

        settings = read_settings(environment(), database=database)
        require_current_schema(settings.database)
        with opened_keys(settings) as store:
            yield settings, store


@contextlib.contextmanager
def _changing(database: str | None, *, master_key_is_lost: bool = False) -> Iterator[_Keys]:
    with _opened(database) as (settings, store):
        from flask_watchword.errors import InvalidKeyError
        from flask_watchword.keys.changes import KeyOperationError
        from flask_watchword.service.signing.signing_keys import (
            key_manager,
            reporting_other_master_key,
        )

        try:
            with reporting_other_master_key(settings):
                manager = key_manager(settings, store, master_key_is_lost=master_key_is_lost)
                yield _Keys(settings, store, manager)
        except KeyOperationError as error:
            raise Failure(Code.KEY_REFUSED, str(error), "see: watchword keys list") from error
        except InvalidKeyError as error:
            raise Failure(Code.KEY_REFUSED, str(error)) from error


def _record(command: _Keys, event: str, **detail: "Detail") -> None:
    from flask_watchword.infra.factory import opened_audit_log
    from flask_watchword.service.features.audit.flow import append_entry

    with opened_audit_log(command.settings.database) as log:
        append_entry(log, event, ACTOR, **detail)


def _print_key(command: _Keys, kid: str, sentence: str, *, as_json: bool) -> None:
    from flask_watchword.clock import system_clock
    from flask_watchword.keys.ring import keys_by_state
    from flask_watchword.service.features.signing_keys.key_table import members_of

    rows = keys_by_state(command.store.load(), system_clock())
    members = next(members_of(key, state) for key, state in rows if key.kid == kid)
    print_outcome(sentence, members, as_json=as_json)


def _start_sentence(command: _Keys, kid: str) -> str:
    start = _stored_key(command, kid).active_from
    return f"{kid} is published and signs from {format_time(start)} on."


def _end_sentence(command: _Keys, kid: str) -> str:
    from flask_watchword.clock import system_clock

    end = _stored_key(command, kid).verify_until
    if end is None or end <= system_clock():
        return f"{kid} is withdrawn and will not sign."
    return f"{kid} verifies until {format_time(end)}."


def _stored_key(command: _Keys, kid: str) -> "StoredKey":
    return next(key for key in command.store.load().keys if key.kid == kid)
