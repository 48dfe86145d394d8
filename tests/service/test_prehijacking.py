"""An attacker who registers the address of a victim gains nothing from the victim's mistakes.

After the attacks of Sudhodanan and Paverd, "Pre-hijacked accounts" (2022).
"""

from tests.service.under_test import BETTER, EMAIL, GOOD, ServiceUnderTest

#: The password chosen by the attacker.
THEIRS = GOOD
OTHER = "Mallory@Example.org"


def test_victim_who_confirms_by_mistake_confirms_nothing(service: ServiceUnderTest) -> None:
    service.post("/register", email=EMAIL, password=THEIRS)
    attacker = service.pair(password=THEIRS)["access_token"]
    code = service.code()
    # The victim has the code and does not know the chosen password.
    assert told_of(service, "/email/verify", code, BETTER) == (403, "wrong_password")
    assert service.post("/email/verify", code=code).status_code == 422
    assert service.me(attacker).get_json()["email_verified"] is False
    assert service.post("/totp/enrol", attacker, password=THEIRS).status_code == 409
    # The attacker knows the password and has no code.
    assert told_of(service, "/email/verify", "x" * 43, THEIRS) == (400, "invalid_code")


def test_victim_who_resets_the_password_locks_the_attacker_out(service: ServiceUnderTest) -> None:
    service.post("/register", email=EMAIL, password=THEIRS)
    attacker = service.pair(password=THEIRS)
    confirmation = service.code()
    # An unexpired change of the address is one of the attacks.
    service.post("/email/change", attacker["access_token"], email=OTHER, password=THEIRS)
    change = service.code()
    service.post("/password/forgot", email=EMAIL)
    assert service.post("/password/reset", code=service.code(), password=BETTER).status_code == 200
    assert service.me(attacker["access_token"]).status_code == 401
    assert service.post("/refresh", attacker["refresh_token"]).status_code == 401
    assert service.log_in(password=THEIRS).status_code == 401
    assert told_of(service, "/email/change/confirm", change, THEIRS) == (400, "invalid_code")
    assert told_of(service, "/email/verify", confirmation, THEIRS) == (400, "invalid_code")
    user = service.user()
    assert user is not None
    assert user.email_verified_at is not None
    assert service.log_in(password=BETTER).status_code == 200


def test_attackers_account_does_not_get_the_victims_address_by_mistake(
    service: ServiceUnderTest,
) -> None:
    mallory = service.add_verified(OTHER, THEIRS)
    session = service.pair(OTHER, THEIRS)["access_token"]
    service.post("/email/change", session, email=EMAIL, password=THEIRS)
    code = service.code()
    assert told_of(service, "/email/change/confirm", code, BETTER) == (403, "wrong_password")
    assert service.user() is None
    kept = service.user(OTHER)
    assert kept is not None
    assert kept.id == mallory.id


def test_password_guesses_at_confirmation_are_rate_limited(service: ServiceUnderTest) -> None:
    service.post("/register", email=EMAIL, password=THEIRS)
    code = service.code()
    answers = [told_of(service, "/email/verify", code, BETTER)[0] for _ in range(21)]
    assert answers == [403] * 20 + [429]


def told_of(service: ServiceUnderTest, path: str, code: str, password: str) -> tuple[int, str]:
    answer = service.post(path, code=code, password=password)
    return answer.status_code, answer.get_json()["code"]
