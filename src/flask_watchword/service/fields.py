"""The fields that several bodies have, and their limits."""

from typing import Annotated, TypeAlias

import msgspec

from flask_watchword.accounts.passwords import MAX_PASSWORD_CHARACTERS

#: Longer than any address, whose own limit is told with what else may be wrong with one.
Email: TypeAlias = Annotated[str, msgspec.Meta(max_length=320)]
#: A password. It is bounded before any work is spent on it.
Password: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_PASSWORD_CHARACTERS)]
#: A code of an e-mail: 43 characters.
Code: TypeAlias = Annotated[str, msgspec.Meta(max_length=128)]


class Address(msgspec.Struct, forbid_unknown_fields=True):
    """An e-mail address."""

    email: Email
