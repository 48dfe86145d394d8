"""Who makes an account for somebody else's address gets nothing by the owner's mistakes.

After the attacks of Sudhodanan and Paverd, "Pre-hijacked accounts" (2022).
"""

from tests.service.site import BETTER, EMAIL, GOOD, Site

#: Of the attacker, who has chosen it.
THEIRS = GOOD
OTHER = "Mallory@Example.org"


def test_an_owner_who_confirms_by_mistake_confirms_nothing(ours: Site) -> None:
    ours.post("/register", email=EMAIL, password=THEIRS)
    attacker = ours.pair(password=THEIRS)["access_token"]
    code = ours.code()
    # The owner has the code and does not know what password was chosen.
    assert told_of(ours, "/email/verify", code, BETTER) == (403, "wrong_password")
    assert ours.post("/email/verify", code=code).status_code == 422
    assert ours.me(attacker).get_json()["email_verified"] is False
    assert ours.post("/totp/enrol", attacker, password=THEIRS).status_code == 409
    # The attacker knows it and has no code.
    assert told_of(ours, "/email/verify", "x" * 43, THEIRS) == (400, "invalid_code")


def test_an_owner_who_resets_the_password_shuts_the_other_out(ours: Site) -> None:
    ours.post("/register", email=EMAIL, password=THEIRS)
    attacker = ours.pair(password=THEIRS)
    confirmation = ours.code()
    # An unexpired change of the address is one of the attacks.
    ours.post("/email/change", attacker["access_token"], email=OTHER, password=THEIRS)
    change = ours.code()
    ours.post("/password/forgot", email=EMAIL)
    assert ours.post("/password/reset", code=ours.code(), password=BETTER).status_code == 200
    assert ours.me(attacker["access_token"]).status_code == 401
    assert ours.post("/refresh", attacker["refresh_token"]).status_code == 401
    assert ours.log_in(password=THEIRS).status_code == 401
    assert told_of(ours, "/email/change/confirm", change, THEIRS) == (400, "invalid_code")
    assert told_of(ours, "/email/verify", confirmation, THEIRS) == (400, "invalid_code")
    user = ours.user()
    assert user is not None
    assert user.email_verified_at is not None
    assert ours.log_in(password=BETTER).status_code == 200


def test_an_account_of_another_does_not_get_the_address_by_its_owner_s_mistake(ours: Site) -> None:
    mallory = ours.add_verified(OTHER, THEIRS)
    session = ours.pair(OTHER, THEIRS)["access_token"]
    ours.post("/email/change", session, email=EMAIL, password=THEIRS)
    code = ours.code()
    assert told_of(ours, "/email/change/confirm", code, BETTER) == (403, "wrong_password")
    assert ours.user() is None
    kept = ours.user(OTHER)
    assert kept is not None
    assert kept.id == mallory.id


def test_passwords_are_not_guessed_here_for_nothing(ours: Site) -> None:
    ours.post("/register", email=EMAIL, password=THEIRS)
    code = ours.code()
    answers = [told_of(ours, "/email/verify", code, BETTER)[0] for _ in range(21)]
    assert answers == [403] * 20 + [429]


def told_of(ours: Site, path: str, code: str, password: str) -> tuple[int, str]:
    answer = ours.post(path, code=code, password=password)
    return answer.status_code, answer.get_json()["code"]
