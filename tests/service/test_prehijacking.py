"""An attacker who registers the address of a victim gains nothing from the victim's mistakes.

After the attacks of Sudhodanan and Paverd, "Pre-hijacked accounts" (2022).
"""

from tests.service.site import BETTER, EMAIL, GOOD, Site

#: The password chosen by the attacker.
THEIRS = GOOD
OTHER = "Mallory@Example.org"


def test_victim_who_confirms_by_mistake_confirms_nothing(ours: Site) -> None:
    ours.post("/register", email=EMAIL, password=THEIRS)
    attacker = ours.pair(password=THEIRS)["access_token"]
    code = ours.code()
    # The victim has the code and does not know the chosen password.
    assert told_of(ours, "/email/verify", code, BETTER) == (403, "wrong_password")
    assert ours.post("/email/verify", code=code).status_code == 422
    assert ours.me(attacker).get_json()["email_verified"] is False
    assert ours.post("/totp/enrol", attacker, password=THEIRS).status_code == 409
    # The attacker knows the password and has no code.
    assert told_of(ours, "/email/verify", "x" * 43, THEIRS) == (400, "invalid_code")


def test_victim_who_resets_the_password_locks_the_attacker_out(ours: Site) -> None:
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


def test_attackers_account_does_not_get_the_victims_address_by_mistake(ours: Site) -> None:
    mallory = ours.add_verified(OTHER, THEIRS)
    session = ours.pair(OTHER, THEIRS)["access_token"]
    ours.post("/email/change", session, email=EMAIL, password=THEIRS)
    code = ours.code()
    assert told_of(ours, "/email/change/confirm", code, BETTER) == (403, "wrong_password")
    assert ours.user() is None
    kept = ours.user(OTHER)
    assert kept is not None
    assert kept.id == mallory.id


def test_password_guesses_at_confirmation_are_rate_limited(ours: Site) -> None:
    ours.post("/register", email=EMAIL, password=THEIRS)
    code = ours.code()
    answers = [told_of(ours, "/email/verify", code, BETTER)[0] for _ in range(21)]
    assert answers == [403] * 20 + [429]


def told_of(ours: Site, path: str, code: str, password: str) -> tuple[int, str]:
    answer = ours.post(path, code=code, password=password)
    return answer.status_code, answer.get_json()["code"]
