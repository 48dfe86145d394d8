"""Draw the cost of a protected request as an SVG for light and dark pages."""

from collections.abc import Iterator, Sequence
from html import escape

from bench.extension import FJE, WATCHWORD
from bench.results import TIMES, Row

WIDTH = 800
LABEL_RIGHT = 262
BARS_LEFT = 274
BARS_RIGHT = 722
TOP = 92
BAR = 13
GROUP = 42
"""All in user units of the drawing."""

# The drawing has its own background: a page may be dark on a light system.
_STYLE = """
  .page { fill: #ffffff; stroke: #d8dee4 }
  text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .quiet { fill: #59636e; font-size: 12px }
  .grid { stroke: #d8dee4 }
  .bare { stroke: #59636e; stroke-dasharray: 4 3 }
  .theirs { fill: #9aa4af }
  .ours { fill: #1a7f64 }
  .number { font-variant-numeric: tabular-nums }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .grid { stroke: #30363d }
    .bare { stroke: #9198a1 }
    .theirs { fill: #656c76 }
    .ours { fill: #3fb68b }
  }
"""


def draw(rows: Sequence[Row], caption: str) -> str:
    """Return the drawing: two bars per row, both in multiples of the bare route.

    Args:
        rows: rows whose ratios are relative to a bare route, at least one.
        caption: a line below the drawing, such as the machine.
    """
    return "\n".join(_drawing(rows, caption)) + "\n"


def _drawing(rows: Sequence[Row], caption: str) -> Iterator[str]:
    largest = max(row.ratios[name].median for row in rows for name in (FJE, WATCHWORD))
    per_unit = (BARS_RIGHT - BARS_LEFT) / largest
    bottom = TOP + GROUP * len(rows)
    height = bottom + 56
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title summary">'
    )
    yield '<title id="title">What a protected request costs, over a bare Flask route</title>'
    yield f'<desc id="summary">{escape(_summary(rows))}</desc>'
    yield f"<style>{_STYLE}</style>"
    yield (f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>')
    yield '<text class="title" x="24" y="34">What a protected request costs</text>'
    yield from _legend()
    yield from _scale(largest, per_unit, bottom)
    for number, row in enumerate(rows):
        yield from _group(row, TOP + GROUP * number, per_unit)
    yield f'<text class="quiet" x="24" y="{height - 14}">{escape(caption)}</text>'
    yield "</svg>"


def _summary(rows: Sequence[Row]) -> str:
    parts = [
        f"{row.label}: {FJE} {row.ratios[FJE].median:.2f} times, "
        f"{WATCHWORD} {row.ratios[WATCHWORD].median:.2f} times"
        for row in rows
    ]
    return "; ".join(parts) + "."


def _legend() -> Iterator[str]:
    for left, kind, name in ((24, "theirs", FJE), (190, "ours", WATCHWORD)):
        yield f'<rect class="{kind}" x="{left}" y="50" width="12" height="12" rx="2"/>'
        yield f'<text x="{left + 18}" y="61">{name}</text>'
    yield '<line class="bare" x1="296" y1="48" x2="296" y2="64"/>'
    yield '<text x="308" y="61">the same route, bare</text>'


def _scale(largest: float, per_unit: float, bottom: int) -> Iterator[str]:
    for multiple in range(1, int(largest) + 1):
        x = BARS_LEFT + multiple * per_unit
        kind = "bare" if multiple == 1 else "grid"
        yield f'<line class="{kind}" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}"/>'
        yield (
            f'<text class="quiet number" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">'
            f"{multiple}{TIMES}</text>"
        )


def _group(row: Row, top: int, per_unit: float) -> Iterator[str]:
    yield (
        f'<text x="{LABEL_RIGHT}" y="{top + BAR + 5}" text-anchor="end">{escape(row.label)}</text>'
    )
    for offset, kind, name in ((0, "theirs", FJE), (BAR + 2, "ours", WATCHWORD)):
        ratio = row.ratios[name].median
        y = top + offset
        yield (
            f'<rect class="{kind}" x="{BARS_LEFT}" y="{y}" width="{ratio * per_unit:.1f}" '
            f'height="{BAR}" rx="2"/>'
        )
        yield (
            f'<text class="number" x="{BARS_LEFT + ratio * per_unit + 6:.1f}" y="{y + 11}">'
            f"{ratio:.2f}{TIMES}</text>"
        )
