"""``watchword keys``: what signs the service's tokens."""

import contextlib
import json
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, NamedTuple

import click

from flask_watchword.cli.admin_context import administrator
from flask_watchword.cli.failures import Code, Failure
from flask_watchword.cli.options import database_option
from flask_watchword.cli.output import json_option, print_done, shown
from flask_watchword.cli.schema_check import refuse_other_schema
from flask_watchword.cli.store_failures import one_line_store_failures

if TYPE_CHECKING:
    from flask_watchword.accounts.audit import Detail
    from flask_watchword.keys.manager import KeyManager
    from flask_watchword.keys.store import KeyStore, StoredKey
    from flask_watchword.service.configuration.settings import Settings

_NOW_HELP = (
    "Sign with it at once. Whoever keeps a JWK Set from before refuses its tokens until they "
    "fetch it again."
)

#: The name of an imported key may begin with a hyphen.
_KID_LIKE_AN_OPTION = {"ignore_unknown_options": True}


class _Keys(NamedTuple):
    """The keys that a command is about, and who changes them."""

    settings: "Settings"
    store: "KeyStore"
    manager: "KeyManager"


@click.group()
def keys() -> None:
    """List, rotate and end the keys that sign the service's tokens.

    A key is published before it signs and verifies until the last token it signed has expired, so
    nobody is signed out by a rotation. The service rotates by itself every 90 days.
    """


@keys.command("list")
@database_option
@json_option
def list_keys(database: str | None, as_json: bool) -> None:
    """List the keys: next, active, retiring, and over."""
    with _opened(database) as (_, store):
        from flask_watchword.clock import system_clock
        from flask_watchword.service.features.signing_keys.key_table import show_keys

        stored = store.load()
        show_keys(stored, system_clock(), as_json=as_json)


@keys.command("export-public")
@database_option
def export_public(database: str | None) -> None:
    """Print the JWK Set, as the service publishes it."""
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
    """Publish a new key, which signs once everybody has it.

    That is WATCHWORD_KEY_PUBLISH_SECONDS later, an hour if that is not set.
    """
    with _changing(database) as command:
        kid = command.manager.rotate(at_once=at_once)
        _record(command, "key_rotated", kid=kid)
        _tell(command, kid, _begins(command, kid), as_json=as_json)


@keys.command("import")
@click.argument("file", type=click.File("rb"))
@database_option
@click.option(
    "--algorithm",
    metavar="NAME",
    help="What the key is for, PS256 say.  [default: what it says, or else the usual]",
)
@click.option("--now", "at_once", is_flag=True, help=_NOW_HELP)
@json_option
def import_key(
    file: IO[bytes], database: str | None, algorithm: str | None, at_once: bool, as_json: bool
) -> None:
    """Take in a key from elsewhere, PEM or JWK.

    FILE may be - for standard input. A private key is the next to sign. A public one only verifies:
    tokens that another service signed with it are accepted here until it is retired.
    """
    with _changing(database) as command:
        from flask_watchword.keys.material import read_material

        material = read_material(file.read(), algorithm)
        kid = command.manager.import_key(material, at_once=at_once)
        _record(command, "key_imported", kid=kid)
        sentence = _begins(command, kid) if material.private else f"{kid} verifies from now on."
        _tell(command, kid, sentence, as_json=as_json)


@keys.command(context_settings=_KID_LIKE_AN_OPTION)
@click.argument("kid")
@database_option
@json_option
def retire(kid: str, database: str | None, as_json: bool) -> None:
    """End a key that nobody needs; no token is refused.

    One that waits is withdrawn. One that only verifies does so until its last token has expired.
    """
    with _changing(database) as command:
        command.manager.retire(kid)
        _record(command, "key_retired", kid=kid)
        _tell(command, kid, _ends(command, kid), as_json=as_json)


@keys.command(context_settings=_KID_LIKE_AN_OPTION)
@click.argument("kid")
@database_option
@click.option(
    "--lost-master-key",
    is_flag=True,
    help="Go on although the master key does not open the keys, because theirs is lost.",
)
@json_option
def revoke(kid: str, database: str | None, lost_master_key: bool, as_json: bool) -> None:
    """Refuse every token of a stolen key, at once and everywhere.

    Where it signed, another key signs at once. Who holds a token of it logs in again.
    """
    with _changing(database, master_key_is_lost=lost_master_key) as command:
        from flask_watchword.service.signing.signing_keys import revoke_key
        from flask_watchword.service.stores import opened_stores

        with opened_stores(command.settings) as stores:
            revoke_key(command.manager, stores.sessions, kid, master_key_is_lost=lost_master_key)
        _record(command, "key_revoked", kid=kid)
        _tell(command, kid, f"{kid} is revoked: its tokens are refused.", as_json=as_json)


@keys.command()
@database_option
@json_option
def reseal(database: str | None, as_json: bool) -> None:
    """Seal all that is kept under the first master key, so that the others can be taken away.

    That is the signing keys, the secrets of authenticators and the e-mail that waits. Before,
    restart every node with WATCHWORD_MASTER_KEY=NEW,OLD. The exit status is 1 where something is
    under a master key that is not there; it is left as it is.
    """
    with _changing(database) as command:
        from flask_watchword.service.signing.reencryption import reseal_all
        from flask_watchword.service.stores import opened_accounts

        with opened_accounts(command.settings) as accounts:
            resealed = reseal_all(command.manager, accounts.stores)
        _record(command, "keys_resealed", resealed=resealed.done, unreadable=resealed.unreadable)
    members = {"resealed": resealed.done, "unreadable": resealed.unreadable}
    sentence = f"Sealed anew: {resealed.done}. Everything is under the first master key."
    if resealed.unreadable:
        sentence = (
            f"Sealed anew: {resealed.done}. Under a master key that is not there: "
            f"{resealed.unreadable}; give that one as well, NEW,OLD,OLDER."
        )
    print_done(sentence, members, as_json=as_json)
    if resealed.unreadable:
        raise click.exceptions.Exit(1)


@contextlib.contextmanager
def _opened(database: str | None) -> Iterator[tuple["Settings", "KeyStore"]]:
    with one_line_store_failures():
        # Here and not above: these bring Flask and SQLAlchemy.
        from flask_watchword.service.configuration.loading import environment, read_settings
        from flask_watchword.service.stores import opened_keys

        settings = read_settings(environment(), database=database)
        refuse_other_schema(settings.database)
        with opened_keys(settings) as store:
            yield settings, store


@contextlib.contextmanager
def _changing(database: str | None, *, master_key_is_lost: bool = False) -> Iterator[_Keys]:
    with _opened(database) as (settings, store):
        from flask_watchword.errors import InvalidKeyError
        from flask_watchword.keys.changes import KeyOperationError
        from flask_watchword.service.signing.signing_keys import (
            key_manager,
            refusing_other_master_key,
        )

        try:
            with refusing_other_master_key(settings):
                manager = key_manager(settings, store, master_key_is_lost=master_key_is_lost)
                yield _Keys(settings, store, manager)
        except KeyOperationError as error:
            raise Failure(Code.KEY_REFUSED, str(error), "see: watchword keys list") from error
        except InvalidKeyError as error:
            raise Failure(Code.KEY_REFUSED, str(error)) from error


def _record(command: _Keys, event: str, **detail: "Detail") -> None:
    from flask_watchword.clock import system_clock
    from flask_watchword.infra.factory import opened_audit_log

    with opened_audit_log(command.settings.database) as log:
        log.append([administrator().event(event, system_clock(), "", **detail)])


def _tell(command: _Keys, kid: str, sentence: str, *, as_json: bool) -> None:
    from flask_watchword.clock import system_clock
    from flask_watchword.keys.ring import keys_by_state
    from flask_watchword.service.features.signing_keys.key_table import members_of

    rows = keys_by_state(command.store.load(), system_clock())
    members = next(members_of(key, state) for key, state in rows if key.kid == kid)
    print_done(sentence, members, as_json=as_json)


def _begins(command: _Keys, kid: str) -> str:
    return f"{kid} is published and signs from {shown(_kept(command, kid).active_from)} on."


def _ends(command: _Keys, kid: str) -> str:
    from flask_watchword.clock import system_clock

    end = _kept(command, kid).verify_until
    if end is None or end <= system_clock():
        return f"{kid} is withdrawn and will not sign."
    return f"{kid} verifies until {shown(end)}."


def _kept(command: _Keys, kid: str) -> "StoredKey":
    return next(key for key in command.store.load().keys if key.kid == kid)
