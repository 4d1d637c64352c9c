"""One tree of errors: every one with a code, a status and words that can be translated."""

import pytest
from headgate_sdk import errors
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields, Vetoed

TREE = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, HeadgateError)
]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_has_a_code_a_status_and_a_sentence_about_it(kind):
    assert kind.code.isidentifier()
    assert 400 <= kind.status <= 599
    assert kind.__doc__


def test_codes_name_one_error_each():
    assert len({kind.code for kind in TREE}) == len(TREE)


def test_the_words_take_their_parameters():
    error = Invalid("'{text}' is not a price.", field="price", row=4, text="abc")
    assert str(error) == "'abc' is not a price."
    assert (error.message, error.field, error.row, error.params) == (
        "'{text}' is not a price.", "price", 4, {"text": "abc"},
    )  # fmt: skip


def test_what_a_person_typed_is_not_read_as_a_parameter():
    assert str(Invalid("'{text}' is wrong.", text="{text} {0} {x!r}")) == "'{text} {0} {x!r}' is wrong."


def test_words_without_parameters_may_hold_braces():
    assert str(Invalid("Write it as {name}.")) == "Write it as {name}."


def test_several_problems_are_told_together():
    error = InvalidFields([Invalid("The name is missing.", field="name"), Invalid("Row is wrong.", row=2)])
    assert str(error) == "The name is missing. Row is wrong."
    assert isinstance(error, Invalid)
    assert [problem.field for problem in error.problems] == ["name", ""]


def test_a_refusal_names_its_plugin_and_is_a_conflict():
    error = Vetoed("limits", "At most {n} a day.", n=3)
    assert (error.plugin, str(error), error.status) == ("limits", "At most 3 a day.", 409)


def test_a_parameter_may_be_called_like_the_message():
    assert str(Invalid("{message}", message="x")) == "x"
