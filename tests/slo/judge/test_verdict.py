from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from slo.judge import burn
from slo.judge.document import document, evaluation
from slo.judge.evaluate import evaluate
from slo.judge.series import Slices
from slo.judge.verdict import STATES, Circumstances, Verdict, judge
from slo.judge.windows import Counts
from tests.support import brute
from tests.support.objectives import estate_of, objective

AT = 30_000_000

rows_of_a_day = st.dictionaries(
    st.integers(AT - 1500, AT + 5),
    st.integers(0, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))),
    max_size=60,
)


@settings(max_examples=150)
@given(rows_of_a_day)
def test_every_number_of_a_verdict_is_that_of_the_brute_force(rows: brute.Rows) -> None:
    one = objective(window=10080)
    verdict = _verdict(rows, window=10080)
    target = Fraction(one.target)
    bad, total, measured = brute.sums(rows, AT, one.window)
    assert verdict.counts == Counts(total, bad, measured)
    assert {w: verdict.burns[w] for w in burn.STANDARD_WINDOWS} == {
        w: brute.burn(rows, AT, w, target) for w in burn.STANDARD_WINDOWS
    }
    assert [(r.severity, r.long, r.short, r.factor) for r in verdict.firing] == brute.firing(rows, AT, target, one.window)
    spent = brute.burn(rows, AT, one.window, target)
    assert verdict.remaining == (None if spent is None else 1 - spent)
    assert verdict.coverage == Fraction(measured, one.window)


@settings(max_examples=100)
@given(rows_of_a_day)
def test_json_holds_the_nearest_doubles_and_no_number_for_what_is_unknown(rows: brute.Rows) -> None:
    verdict = _verdict(rows, window=10080)
    found = document(verdict)
    assert found["sli"] == (None if verdict.sli is None else float(verdict.sli))
    assert found["budget"]["remaining_ratio"] == (None if verdict.remaining is None else float(verdict.remaining))
    assert found["burn"].keys() == {"5m", "30m", "1h", "2h", "6h", "1d", "3d"}
    assert all(found["burn"][k] is None or found["burn"][k] >= 0 for k in found["burn"])
    assert found["state"] in STATES
    assert found["exhausts_at"] is not None or any(r.startswith("no_forecast: ") for r in found["reasons"])
    assert None not in found["burn"].values() or {"unknown_burn", "no_data", "idle"} & {r.code for r in verdict.reasons}


def test_the_budget_left_is_never_clamped() -> None:
    assert _verdict({AT - 1: (0, 100)}).remaining == 1 - 1000


def test_exhaustion_is_what_remains_at_the_burn_of_the_last_hour_cut_to_the_second() -> None:
    rows = {AT - 3000: (999_900, 1_000_000), AT - 1: (99_990, 100_000)}
    verdict = _verdict(rows)
    remaining = 1 - Fraction(110, 1_100_000) / Fraction(1, 1000)
    hourly = Fraction(10, 100_000) / Fraction(1, 1000)
    assert verdict.exhausts_at == AT * 60 + int(remaining * 43200 * 60 / hourly)


def test_no_exhaustion_is_foretold_beyond_ten_years_or_without_a_burn() -> None:
    assert _verdict({AT - 1: (100, 100)}).exhausts_at is None
    assert _verdict({AT - 3000: (10**9, 10**9), AT - 1: (10**7 - 1, 10**7)}).exhausts_at is None


def test_the_forecast_ends_at_ten_years_before_it_is_cut_to_the_second() -> None:
    def ahead(total: int) -> int | None:
        return _verdict({AT - 1: (total - 5000, total)}).exhausts_at

    # 5000 bad of n burn 5,000,000 / n at 99.9 %, so (1 - burn) x 30 d / burn = (n - 5,000,000) x 0.5184 s.
    assert ahead(613_333_333) == AT * 60 + 10 * 365 * 86400 - 1
    assert ahead(613_333_334) is None


def test_states_go_by_precedence() -> None:
    old, short = {AT - 43200: (10**6, 10**6)}, {AT - 10: (1000, 1000)}
    assert _state(old) == "ok"
    assert _state(short) == "insufficient_history"
    assert _state({}) == "no_data"
    assert _state({**old, AT - 20000: (10**6 - 1600, 10**6)}) == "warning"
    assert _state({**old, AT - 20000: (10**6 - 2000, 10**6)}) == "exhausted"
    assert _state(old, stale_since=AT - 90) == "stale"
    assert _state(old, stale_since=AT - 90, source_error="HTTP 500") == "source_error"
    assert _state(old, source_error="HTTP 500", open_breaches=frozenset({"ticket"})) == "source_error"
    assert _state(old, open_breaches=frozenset({"ticket"})) == "burning_slow"
    assert _state(old, open_breaches=frozenset({"page"}), source_error="HTTP 500") == "burning_fast"
    assert _state(old, open_breaches=frozenset({"page"}), config_error="no resource") == "config_error"


def test_a_first_slice_exactly_at_the_window_start_is_history_enough() -> None:
    assert _state({AT - 43200: (1, 1)}) == "ok"
    assert _state({AT - 43199: (1, 1)}) == "insufficient_history"


def test_an_open_breach_over_a_blind_window_says_that_it_is_held() -> None:
    verdict = _verdict({AT - 300: (0, 100)}, open_breaches=frozenset({"page"}))
    assert "held_no_data" in {r.code for r in verdict.reasons}


def test_evaluate_judges_an_indicator_without_slices_on_nothing_and_keeps_the_estates_order() -> None:
    estate = estate_of(objective("web"), objective("api"))
    found = evaluation(AT, evaluate(estate, {"api.availability": Slices.of([(AT - 1, 10, 1)])}, AT))
    assert [(o["name"], o["state"], o["sli"]) for o in found["objectives"]] == [
        ("web.availability", "no_data", None),
        ("api.availability", "burning_fast", 0.9),
    ]


def _state(rows: brute.Rows, **known: Any) -> str:
    return _verdict(rows, **known).state


def _verdict(rows: brute.Rows, window: int = 43200, **known: Any) -> Verdict:
    one = objective(window=window)
    sums = {w: brute.sums(rows, AT, w) for w in (*burn.burn_windows(one), window)}
    past = [m for m in rows if m < AT]
    return judge(
        one,
        AT,
        {w: Counts(total, bad, measured) for w, (bad, total, measured) in sums.items()},
        min(past) if past else None,
        circumstances=Circumstances(**known),
    )
