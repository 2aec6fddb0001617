from __future__ import annotations

from dashboards.panels import Promql, Stat, Text, on_cloudwatch, plain


def test_names_of_people_are_text_and_never_markup_or_a_variable_of_grafana() -> None:
    assert plain("[a](javascript:x) | $job *b*\n<script>") == r"\[a\]\(javascript:x\) \| \$job \*b\* \<script\>"


def test_cloudwatch_draws_text_and_its_own_metrics_only() -> None:
    assert on_cloudwatch(Text("hello"))
    assert not on_cloudwatch(Stat("Budget left", (Promql("up"),)))
