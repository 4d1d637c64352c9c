"""The shortcuts do what Jinja and Markup do."""

from decimal import Decimal

import pytest
from headgate_kernel.web.quick_templates import QuickContext, Words
from jinja2 import Environment, pass_context
from markupsafe import Markup


@pytest.fixture
def environment():
    made = Environment(autoescape=True)
    made.context_class = QuickContext
    return made


def test_macros_functions_and_those_that_want_the_context_are_called(environment):
    @pass_context
    def reader(context):
        return context["name"]

    source = "{% macro row(a, b='<') %}{{ a }}{{ b }}{{ caller() if caller }}{% endmacro %}"
    source += (
        "{{ row('x') }}{% call row(1, b=2) %}{{ reader() }}{% endcall %}{{ text.upper() }}{{ plain(self=3) }}"
    )
    rendered = environment.from_string(source).render(
        name="<n>", reader=reader, text="t", plain=lambda **given: given["self"]
    )
    assert rendered == "x&lt;12&lt;n&gt;T3"


def test_what_wants_the_context_sees_what_jinja_shows_it(environment):
    @pass_context
    def peek(context):
        return sorted(name for name in context.get_all() if name in {"item", "told", "outer"})

    source = (
        "{% set outer = 1 %}{% for item in [1, 2] %}{% set told = item %}{{ peek() }}{% endfor %}{{ peek() }}"
    )
    plain = Environment(autoescape=True).from_string(source).render(peek=peek)
    assert environment.from_string(source).render(peek=peek) == plain


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("Only {n} {unit} left", {"n": 3, "unit": "<b>"}, "Only 3 &lt;b&gt; left"),
        ("{n:,} pieces", {"n": 12345}, "12,345 pieces"),
        ("{price:.2f}", {"price": Decimal("1.5")}, "1.50"),
        ("{who} &amp; co", {"who": Markup("<i>x</i>")}, "<i>x</i> &amp; co"),
        ("{nothing}", {"nothing": None}, "None"),
    ],
)
def test_a_translation_escapes_what_is_put_in_but_not_markup(text, values, filled):
    assert Words(text).format(**values) == filled
    assert isinstance(Words(text).format(**values), Markup)
    assert Words(text).format(**values) == Markup(text).format(**values)
