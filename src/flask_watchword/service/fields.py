"""Fields that several bodies share, with their limits."""

from typing import Annotated, TypeAlias

import msgspec

from flask_watchword.accounts.passwords import MAX_PASSWORD_CHARACTERS

#: Longer than any valid address; the check of addresses has its own limit.
Email: TypeAlias = Annotated[str, msgspec.Meta(max_length=320)]
#: A password. Its length is limited before it is hashed.
Password: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_PASSWORD_CHARACTERS)]
#: A code of an e-mail: 43 characters.
Code: TypeAlias = Annotated[str, msgspec.Meta(max_length=128)]


class EmailOnly(msgspec.Struct, forbid_unknown_fields=True):
    """A body with an e-mail address and nothing else."""

    email: Email
