"""Tokens of every shape, to be judged by several implementations."""

import random
from collections.abc import Callable, Iterator

from flask_watchword.jose import encode
from tests.jose.forging import b64, key, resign

JUNK = "AQgwB-_=+/ .\n\0é"
DEEP = '{"a":' * 40 + "1" + "}" * 40
DATES = ("0", "1", "1.5", "1e3", "-1", "true", "false", "null", '"1"', '"x"', "[]", "{}")
FAR_DATES = ("4102444800", "4102444800.5", "253402300800", "1e300", "1e999", "NaN", "Infinity")
PAYLOADS: list[bytes] = [
    *(
        f'{{"{claim}":{date}}}'.encode()
        for claim in ("exp", "nbf", "iat")
        for date in DATES + FAR_DATES
    ),
    *(
        f'{{"{claim}":{value}}}'.encode()
        for claim in ("sub", "jti", "iss", "aud", "x")
        for value in ('"a"', '""', "1", "1.0", "true", "null", "[]", '["a"]', "[1]", "{}", "1e999")
    ),
    *(
        text.encode()
        for text in (
            "",
            "{}",
            " {} ",
            "[]",
            "1",
            "null",
            '"x"',
            "{",
            "{}{}",
            "{},",
            DEEP,
            "[" * 3000,
            '{"a":NaN}',
            '{"a":-Infinity}',
            '{"a":1,"a":1}',
            '{"a":{"b":1,"b":2}}',
            '{"a":"é"}',
            '{"a":"\\ud800"}',
            '{"a":"\\ud83d\\ude00"}',
            '{"a":"\n"}',
            '{"a":01}',
            "{'a':1}",
        )
    ),
    *(
        '{"a":"é"}'.encode(name)
        for name in (
            "utf-8-sig",
            "utf-16",
            "utf-16-le",
            "utf-16-be",
            "utf-32",
            "utf-32-le",
            "latin-1",
        )
    ),
    b'{"a":"' + b"x" * 7000 + b'"}',
]
HEADERS: list[bytes] = [
    *(
        f'{{"alg":{alg}}}'.encode()
        for alg in (
            '"HS256"',
            '"hs256"',
            '"HS256 "',
            '"none"',
            '"None"',
            '"HS512"',
            '""',
            "null",
            "1",
            "[]",
            '["HS256"]',
            "{}",
            "true",
        )
    ),
    *(
        f'{{"alg":"HS256","{name}":{value}}}'.encode()
        for name in ("crit", "b64", "kid", "typ", "cty", "jwk", "jku", "x5u", "x5c", "x")
        for value in ("true", "false", "null", "1", '"a"', '"JWT"', "[]", '["b64"]', '["a"]', "{}")
    ),
    b'{"alg":"HS256","b64":false,"crit":["b64"]}',
    b'{"alg":"HS256","alg":"HS256"}',
    b'{"alg":"none","alg":"HS256"}',
    b'{"alg":"HS256","x":NaN}',
    b'{"alg":"HS256","x":1e999}',
    b'{"alg":"HS256","x":"\\ud800"}',
    b'{"alg":"HS256","x":' + DEEP.encode() + b"}",
    *('{"alg":"HS256"}'.encode(name) for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32")),
    b' {"alg" : "HS256"}\n',
    b"{}",
    b"[]",
    b"",
    b"null",
]
OTHER_SPELLINGS: list[Callable[[str], str]] = [
    lambda text: text + "=" * (-len(text) % 4),
    lambda text: text + "=",
    lambda text: text + "====",
    lambda text: text[:4] + "\n" + text[4:],
    lambda text: text[:4] + " " + text[4:],
    lambda text: text[:4] + "!" + text[4:],
    lambda text: text.replace("-", "+").replace("_", "/"),
    lambda text: text[:-1] + chr(ord(text[-1]) + 1) if text else text,
    lambda text: text + "A",
    lambda text: "",
]


def genuine(header: str, payload: str) -> str:
    """Sign two segments as they are with HMAC-SHA256."""
    return resign(f"{header}.{payload}")


def generated() -> Iterator[str]:
    header, payload = b'{"alg":"HS256"}', b'{"sub":"a~?>"}'
    yield from (genuine(b64(header), b64(text)) for text in PAYLOADS)
    yield from (genuine(b64(text), b64(payload)) for text in HEADERS)
    for respell in OTHER_SPELLINGS:
        for text in (payload, payload + b" ", payload + b"  "):
            first, second = b64(header), b64(text)
            yield genuine(respell(first), second)
            yield genuine(first, respell(second))
            signing_input, _, signature = genuine(first, second).rpartition(".")
            yield f"{signing_input}.{respell(signature)}"


def mutated(algorithm: str, count: int) -> Iterator[str]:
    """Change a genuine token at random: the same changes at every run."""
    chance = random.Random(algorithm)  # noqa: S311 - a test wants to repeat itself
    token = encode({"sub": "a", "exp": 4102444800}, key(algorithm))
    for _ in range(count):
        at, to = sorted(chance.randrange(len(token) + 1) for _ in range(2))
        yield chance.choice(
            [
                token[:at] + chance.choice(JUNK) + token[at:],
                token[:at] + token[at + 1 :],
                token[:at] + chance.choice(JUNK) + token[at + 1 :],
                token[:at] + token[to:],
                token[:at] + token[at:to] * 2 + token[to:],
                token[at:] + token[:at],
                token + chance.choice(JUNK),
                token.swapcase() if at % 2 else token[::-1],
            ]
        )
