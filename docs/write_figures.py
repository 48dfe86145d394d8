"""Put the figures of docs/explanation/bench.md into README.md: `python -m docs.write_figures`.

They stand between two comments, and none of them is written by hand.
"""

from collections.abc import Iterator
from pathlib import Path

BENCH = Path(__file__).parent / "explanation" / "bench.md"
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- bench:begin -->\n", "<!-- bench:end -->"

_PICTURE = (
    "![What a protected request costs, over the same route unprotected](docs/explanation/bench.svg)"
)
#: The rows that README shows, by their label in docs/explanation/bench.md and as README says it.
ROWS = {
    "HS256, token never seen": "a request with a new token, HS256",
    "ES256, token never seen": "the same, ES256",
    "EdDSA, token never seen": "the same, EdDSA",
    "EdDSA with PyNaCl, token never seen": "the same, EdDSA with PyNaCl",
    "HS256, token seen before": "a request with a token seen before, HS256",
    "create_access_token, HS256": "`create_access_token`, HS256",
}
_EXPLANATION = """\
Medians. A request's ratio is to the same route unprotected, that of creating a token to
Flask-JWT-Extended's time. Times depend on the machine, ratios hardly do."""
_CONTESTANTS = ("Flask-JWT-Extended", "Watchword")


def with_figures(readme: str, bench: str) -> str:
    """Return README's text with the figures of a bench page in it."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "".join([before, BEGIN, *_block(bench), END, after])


def _block(bench: str) -> Iterator[str]:
    found = _cells(bench)
    yield f"{_PICTURE}\n\n"
    yield f"| | {' | '.join(_CONTESTANTS)} |\n"
    yield "| --- | ---: | ---: |\n"
    for label, said in ROWS.items():
        yield f"| {said} | {' | '.join(found[label][name] for name in _CONTESTANTS)} |\n"
    yield f"\n{_EXPLANATION}\n{_tally(bench)}\n"


def _tally(bench: str) -> str:
    return next(line for line in bench.splitlines() if line.endswith("targets met."))


def _cells(bench: str) -> dict[str, dict[str, str]]:
    """Read the tables: by the label of a row, by the name of a column, what stands there."""
    found: dict[str, dict[str, str]] = {}
    head: list[str] = []
    for line in bench.splitlines():
        if not line.startswith("|"):
            head = []
        elif not head:
            head = _split(line)
        else:
            label, *cells = _split(line)
            # The first table is that of protected requests; others repeat some of its labels.
            found.setdefault(label, dict(zip(head[1:], cells, strict=True)))
    return found


def _split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


if __name__ == "__main__":
    README.write_text(with_figures(README.read_text("utf-8"), BENCH.read_text("utf-8")), "utf-8")
