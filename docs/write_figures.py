"""Put the figures of docs/explanation/bench.md into README.md: `python -m docs.write_figures`.

They stand between two comments, and none of them is written by hand.
"""

from collections.abc import Iterator
from pathlib import Path

BENCH = Path(__file__).parent / "explanation" / "bench.md"
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- bench:begin -->\n", "<!-- bench:end -->"

_PICTURE = "![The cost of a protected request, compared with the same route unprotected](docs/explanation/bench.svg)"
#: The rows that README names, by their label in the page of the bench.
NEW, SEEN = "HS256, token never seen", "HS256, token seen before"
TRIVIAL, ME, REFRESH = "a route that does nothing", "`GET /me`", "`POST /refresh`, SQLite"
_SENTENCES = """\
A request with a new HS256 token takes {new_ours} as long as the same route without protection, with Flask-JWT-Extended {new_theirs}; with a
token seen before {seen_ours} and {seen_theirs}.

The service, as `watchword serve` starts it with two workers, answers {trivial} to `GET /healthz`, {me} to `GET /me` and {refresh} to
`POST /refresh`, on SQLite. The ratios are over bare Flask views that do the same work by hand.

Medians, measured on one machine. `make bench` measures it.
[All measurements](docs/explanation/bench.md): {tally}"""
_OURS, _THEIRS = "Watchword", "Flask-JWT-Extended"


def with_figures(readme: str, bench: str) -> str:
    """Return README's text with the figures of a bench page in it."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return "".join([before, BEGIN, *_block(bench), END, after])


def _block(bench: str) -> Iterator[str]:
    found = _cells(bench)
    yield f"{_PICTURE}\n\n"
    yield _SENTENCES.format(
        new_ours=_ratio(found[NEW][_OURS]),
        new_theirs=_ratio(found[NEW][_THEIRS]),
        seen_ours=_ratio(found[SEEN][_OURS]),
        seen_theirs=_ratio(found[SEEN][_THEIRS]),
        trivial=_rate(found[TRIVIAL][_OURS]),
        me=_rate(found[ME][_OURS]),
        refresh=_rate(found[REFRESH][_OURS]),
        tally=_tally(bench),
    )
    yield "\n"


def _ratio(cell: str) -> str:
    """Return the ratio of a cell, which follows the cost."""
    return cell.rpartition(" · ")[2]


def _rate(cell: str) -> str:
    """Return the rate of a cell, with the ratio in parentheses."""
    return "{} ({})".format(*cell.split(" · "))


def _tally(bench: str) -> str:
    return next(line for line in bench.splitlines() if line.endswith("targets met."))


def _cells(bench: str) -> dict[str, dict[str, str]]:
    """Read the tables: the cells by the label of the row and the name of the column."""
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
