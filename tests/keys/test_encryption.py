import pytest

from flask_watchword.keys.encryption import KEY_BYTES, DecryptionFailed, Encryptor

OLD, NEW = b"o" * KEY_BYTES, b"n" * KEY_BYTES
SECRET = b"a private key"


def test_value_is_decrypted_with_the_same_key_and_context() -> None:
    sealed = Encryptor([OLD]).encrypt(SECRET, "totp:ada")
    assert SECRET not in sealed
    assert Encryptor([OLD]).decrypt(sealed, "totp:ada") == SECRET


@pytest.mark.parametrize("context", ["totp:bob", "", "totp:ada\0", "\ud800"])
def test_value_does_not_decrypt_in_another_context(context: str) -> None:
    sealed = Encryptor([OLD]).encrypt(SECRET, "totp:ada")
    with pytest.raises(DecryptionFailed):
        Encryptor([OLD]).decrypt(sealed, context)


def test_changed_or_truncated_ciphertext_does_not_decrypt() -> None:
    sealed = Encryptor([OLD]).encrypt(SECRET, "totp:ada")
    for n in range(len(sealed)):
        changed = sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :]
        for other in (changed, sealed[:n]):
            with pytest.raises(DecryptionFailed):
                Encryptor([OLD]).decrypt(other, "totp:ada")


def test_value_does_not_decrypt_with_another_master_key() -> None:
    with pytest.raises(DecryptionFailed, match="another master key"):
        Encryptor([NEW]).decrypt(Encryptor([OLD]).encrypt(SECRET, "x"), "x")


def test_master_key_can_be_replaced_while_the_old_one_still_decrypts() -> None:
    both = Encryptor([NEW, OLD])
    old = Encryptor([OLD]).encrypt(SECRET, "x")
    assert both.decrypt(old, "x") == SECRET
    assert not both.is_under_current_key(old)
    new = both.encrypt(both.decrypt(old, "x"), "x")
    assert both.is_under_current_key(new)
    assert Encryptor([NEW]).decrypt(new, "x") == SECRET


def test_ciphertexts_of_one_secret_differ() -> None:
    encryptor = Encryptor([OLD])
    assert len({encryptor.encrypt(SECRET, "x") for _ in range(100)}) == 100


@pytest.mark.parametrize("keys", [[], [b""], [b"short"], [OLD, b"x" * 31], [b"x" * 33]])
def test_key_of_another_length_is_rejected(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Encryptor(keys)
