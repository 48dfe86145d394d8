"""Generated pages and figures are current."""

from dataclasses import replace
from types import ModuleType

import pytest

from bench import report
from bench.machine import Machine
from bench.results import RATE, Row, Spread, Target
from docs import (
    write_audit_events,
    write_cli,
    write_error_codes,
    write_features,
    write_figures,
    write_http_api,
    write_options,
    write_settings,
)
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.features.table import (
    FEATURES,
    active_features,
    endpoints_of,
    settings_of,
)
from tests.docs.pages import README, between, text_of

MACHINE = Machine("a processor", 2, 0.0, "Python", {}, "a day")


WRITERS = [
    write_audit_events,
    write_cli,
    write_error_codes,
    write_features,
    write_http_api,
    write_options,
    write_settings,
]


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.PAGE.name)
def test_generated_page_is_current(writer: ModuleType) -> None:
    assert text_of(writer.PAGE) == writer.page()


def test_every_setting_is_explained() -> None:
    page = write_settings.page()
    for setting in settings_of(FEATURES):
        assert setting.meaning
        assert all(f"| `{variable}` |" in page for variable in setting.variables)


def test_every_endpoint_is_on_the_api_page() -> None:
    served = {f"{each.method} {each.path}" for each in endpoints_of(active_features(Settings()))}
    assert {name for name, _ in write_http_api.operations()} == served


def spread(median: float) -> Spread:
    return Spread(median, median, median)


def row(section: str, label: str, cost: float) -> Row:
    costs = {"Flask-JWT-Extended": spread(200.0), "Watchword": spread(cost)}
    ratios = {"Flask-JWT-Extended": spread(4.0), "Watchword": spread(cost / 50)}
    base = "bare route"
    return Row(section, label, "µs", base, costs, ratios, judged="Watchword", target=Target(1.2))


def bench_page() -> str:
    rows = [row("A protected request", write_figures.NEW, 55.0)]
    rows += [row("A protected request", write_figures.SEEN, 51.0)]
    # Labels come twice in the page; README is about the first.
    rows += [
        row("What loaders add", label, 99.0) for label in (write_figures.NEW, write_figures.SEEN)
    ]
    rows += [
        replace(row("The service", label, 4_000.0), unit=RATE)
        for label in (write_figures.TRIVIAL, write_figures.ME, write_figures.REFRESH)
    ]
    return report.as_markdown(rows, MACHINE)


def test_values_of_a_bench_page_are_written_to_readme() -> None:
    page = f"before\n{write_figures.BEGIN}old\n{write_figures.END}\nafter\n"
    written = write_figures.with_figures(page, bench_page())
    assert written.startswith("before\n")
    assert written.endswith("\nafter\n")
    assert "old" not in written
    figures = between(written, "bench")
    words = " ".join(figures.split())
    assert "takes 1.10× as long" in words
    assert "with Flask-JWT-Extended 4.00×; with a token seen before 1.02× and 4.00×." in words
    assert "(docs/explanation/bench.svg)" in figures
    assert "answers 4,000/s (80.00×) to `GET /healthz`, 4,000/s (80.00×) to `GET /me`" in words
    assert "2 of 7 targets met." in figures


def test_rewriting_the_values_changes_nothing() -> None:
    page = f"{write_figures.BEGIN}{write_figures.END}\n"
    once = write_figures.with_figures(page, bench_page())
    assert write_figures.with_figures(once, bench_page()) == once


def test_readme_has_the_values_of_the_last_bench() -> None:
    page = text_of(README)
    assert page == write_figures.with_figures(page, text_of(write_figures.BENCH))
