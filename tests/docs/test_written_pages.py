"""Pages and figures that a script writes are as the script would write them today."""

from bench import report
from bench.machine import Machine
from bench.results import Row, Spread, Target
from docs import write_cli, write_figures, write_options
from tests.docs.pages import README, between, table_rows, text_of

MACHINE = Machine("a processor", 2, 0.0, "Python", {}, "a day")


def test_page_of_options_is_current() -> None:
    assert text_of(write_options.PAGE) == write_options.page()


def test_page_of_commands_is_current() -> None:
    assert text_of(write_cli.PAGE) == write_cli.page()


def spread(median: float) -> Spread:
    return Spread(median, median, median)


def row(section: str, label: str, cost: float) -> Row:
    costs = {"Flask-JWT-Extended": spread(200.0), "Watchword": spread(cost)}
    ratios = {"Flask-JWT-Extended": spread(4.0), "Watchword": spread(cost / 50)}
    base = "bare route"
    return Row(section, label, "µs", base, costs, ratios, judged="Watchword", target=Target(1.2))


def bench_page() -> str:
    labels = write_figures.ROWS
    rows = [row("A protected request", label, 55.0) for label in labels]
    # Labels come twice in the page; README is about the first.
    rows += [row("What loaders add", label, 99.0) for label in labels]
    return report.as_markdown(rows, MACHINE)


def test_figures_of_a_bench_page_come_into_readme() -> None:
    page = f"before\n{write_figures.BEGIN}old\n{write_figures.END}\nafter\n"
    written = write_figures.with_figures(page, bench_page())
    assert written.startswith("before\n")
    assert written.endswith("\nafter\n")
    assert "old" not in written
    figures = between(written, "bench")
    assert {tuple(cells) for _, *cells in table_rows(figures)} == {
        ("200.0 µs · 4.00×", "55.0 µs · 1.10×")
    }
    assert len(table_rows(figures)) == len(write_figures.ROWS)
    assert "(docs/bench.svg)" in figures
    assert "6 of 12 targets met." in figures


def test_figures_are_written_over_themselves_without_a_change() -> None:
    page = f"{write_figures.BEGIN}{write_figures.END}\n"
    once = write_figures.with_figures(page, bench_page())
    assert write_figures.with_figures(once, bench_page()) == once


def test_readme_has_the_figures_of_the_last_bench() -> None:
    page = text_of(README)
    assert page == write_figures.with_figures(page, text_of(write_figures.BENCH))
