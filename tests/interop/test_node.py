"""panva's jose in Node verifies Watchword's tokens, and Watchword verifies those of jose."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.infra.http.site import Site
from tests.interop.conftest import Verifying
from tests.interop.ours import ALL, ASYMMETRIC, CLAIMS, JWK_SET, SECRET, TOKENS, forged

PROJECT = Path(__file__).parent / "node"
#: npm's error for a missing network connection.
OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
CHANGED = "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def install(npm: str) -> None:
    """Install the packages of package-lock.json, unless that has been done."""
    installed = PROJECT / "node_modules" / ".package-lock.json"
    lock = PROJECT / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    answer = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if answer.returncode and any(code in answer.stderr for code in OFFLINE):
        pytest.skip("npm reaches no registry to install jose from")
    assert answer.returncode == 0, answer.stderr


@pytest.fixture(scope="module")
def theirs(site: Site) -> Verifying:
    return Verifying(site, "/node")


@pytest.fixture(scope="module")
def answers(site: Site, theirs: Verifying) -> Any:
    node = program("node")
    install(program("npm"))
    query = {
        "jwksUrl": site.url("/ours/jwks"),
        "secret": SECRET,
        "claims": {**CLAIMS, "iss": theirs.issuer},
        "tokens": TOKENS,
        "forged": {algorithm: forged(token) for algorithm, token in TOKENS.items()},
        "jwks": JWK_SET["keys"],
    }
    answer = subprocess.run(
        [node, "interop.mjs"],
        cwd=PROJECT,
        input=json.dumps(query),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    theirs.publish([made["jwk"] for made in found["made"].values() if "jwk" in made])
    return found


@pytest.mark.parametrize("algorithm", ALL)
def test_jose_verifies_a_token_with_the_jwk_set(answers: Any, algorithm: str) -> None:
    assert answers["verified"][algorithm] == CLAIMS


@pytest.mark.parametrize("algorithm", ALL)
def test_jose_rejects_a_token_with_one_bit_changed(answers: Any, algorithm: str) -> None:
    assert answers["refused"][algorithm] == {"refused": CHANGED}


def test_jose_computes_the_same_thumbprints(answers: Any) -> None:
    ours = [member["kid"].removeprefix(f"{member['alg']}-") for member in JWK_SET["keys"]]
    assert answers["thumbprints"] == ours


@pytest.mark.parametrize("algorithm", ALL)
def test_token_of_jose_is_verified_with_its_jwk_set(
    answers: Any, theirs: Verifying, algorithm: str
) -> None:
    answer = theirs.get(answers["made"][algorithm]["token"], algorithm)
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json().items() >= {**CLAIMS, "iss": theirs.issuer}.items()


@pytest.mark.parametrize("algorithm", ALL)
def test_token_of_jose_with_one_bit_changed_is_rejected(
    answers: Any, theirs: Verifying, algorithm: str
) -> None:
    answer = theirs.get(forged(answers["made"][algorithm]["token"]), algorithm)
    assert answer.get_json()["msg"] == "Signature verification failed"


def test_jwk_set_of_jose_has_a_key_for_every_asymmetric_algorithm(answers: Any) -> None:
    assert {name for name, made in answers["made"].items() if "jwk" in made} == set(ASYMMETRIC)


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((PROJECT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert all("resolved" not in entry for entry in packages.values())
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
