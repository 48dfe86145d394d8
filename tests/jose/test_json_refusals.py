"""JSON has exactly one reading: text that two parsers could read differently is rejected."""

import json

import pytest

from flask_watchword.errors import DecodeError
from flask_watchword.jose import decode_unverified
from flask_watchword.jose.encoding import MAX_DEPTH
from tests.jose.forging import decoder, forge

# One level too many, together with the object that it stands in.
NESTED_TOO_DEEP = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
BAD_JSON = {
    "duplicate": b'{"alg":"HS256","a":1,"a":1}',
    "duplicate alg": b'{"alg":"HS256","alg":"HS256"}',
    "duplicate by escape": b'{"alg":"HS256","a":1,"\\u0061":2}',
    "duplicate in an object": b'{"alg":"HS256","o":{"a":1,"a":2}}',
    "duplicate in an array": b'{"alg":"HS256","o":[{"a":1,"a":2}]}',
    "NaN": b'{"alg":"HS256","a":NaN}',
    "Infinity": b'{"alg":"HS256","a":Infinity}',
    "-Infinity nested": b'{"alg":"HS256","a":[{"b":-Infinity}]}',
    "number beyond doubles": b'{"alg":"HS256","a":1e400}',
    "number of too many digits": b'{"alg":"HS256","a":' + b"9" * 4500 + b"}",
    "BOM": b'\xef\xbb\xbf{"alg":"HS256"}',
    "UTF-16 with BOM": '{"alg":"HS256"}'.encode("utf-16"),
    "UTF-16 LE": '{"alg":"HS256"}'.encode("utf-16-le"),
    "UTF-16 BE": '{"alg":"HS256"}'.encode("utf-16-be"),
    "UTF-32 with BOM": '{"alg":"HS256"}'.encode("utf-32"),
    "UTF-32 LE": '{"alg":"HS256"}'.encode("utf-32-le"),
    "UTF-32 BE": '{"alg":"HS256"}'.encode("utf-32-be"),
    "Latin-1": b'{"alg":"HS256","a":"\xe9"}',
    "overlong UTF-8": b'{"alg":"HS256","a":"\xc0\xaf"}',
    "surrogate in UTF-8": b'{"alg":"HS256","a":"\xed\xa0\x80"}',
    "lone surrogate by escape": b'{"alg":"HS256","a":"\\ud800"}',
    "lone surrogate as a name": b'{"alg":"HS256","\\udc00":1}',
    "nested too deep": b'{"alg":"HS256","a":' + NESTED_TOO_DEEP + b"}",
    "nested as deep as fits": b'{"alg":"HS256","a":' + b"[" * 2500 + b"]" * 2500 + b"}",
    "opened as often as fits": b"[" * 5000,
    "nothing": b"",
    "white space": b"  ",
    "array": b'["alg","HS256"]',
    "string": b'"HS256"',
    "number": b"1",
    "null": b"null",
    "two values": b'{"alg":"HS256"}{}',
    "trailing comma": b'{"alg":"HS256",}',
    "comment": b'{"alg":"HS256"/**/}',
    "single quotes": b"{'alg':'HS256'}",
    "control character": b'{"alg":"HS256","a":"\n"}',
    "leading zero": b'{"alg":"HS256","a":01}',
    "not closed": b'{"alg":"HS256"',
}


@pytest.mark.parametrize("place", ["header", "payload"])
@pytest.mark.parametrize("text", BAD_JSON.values(), ids=BAD_JSON)
def test_ambiguous_json_is_rejected(place: str, text: bytes) -> None:
    token = forge(b"{}", text) if place == "header" else forge(text)
    with pytest.raises(DecodeError):
        decoder().decode(token)
    with pytest.raises(DecodeError):
        decode_unverified(token)


@pytest.mark.parametrize(
    "text",
    [
        b' {"sub" : "a"}\r\n',
        b'{"sub":"\\u00e9"}',
        b'{"sub":"\xc3\xa9"}',
        b'{"a":[[]],"b":{"c":1},"d":{"c":1}}',
        b'{"a":1.0,"b":1e3,"c":-0.0,"d":123456789012345678901234567890}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"' + b"[{" * 100 + b'"}',
        b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH,
    ],
)
def test_json_that_is_unusual_but_has_one_reading_is_accepted(text: bytes) -> None:
    assert decoder().decode(forge(text)).claims == json.loads(text)
