"""How a token is written."""

import re
import zlib

import pytest
from headgate_kernel.identity.token_text import is_token_text, new_token_text
from hypothesis import given
from hypothesis import strategies as st

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_a_token_has_prefix_secret_and_checksum_of_letters_and_digits():
    token = new_token_text()
    assert re.fullmatch(r"hgt_[0-9A-Za-z]{49}", token)
    assert is_token_text(token)


def test_the_checksum_is_crc32_of_what_stands_before_it():
    token = new_token_text()
    number = 0
    for letter in token[-6:]:
        number = number * 62 + LETTERS.index(letter)
    assert number == zlib.crc32(token[:-6].encode())


def test_no_two_tokens_are_alike():
    assert len({new_token_text() for _ in range(1_000)}) == 1_000


@given(place=st.integers(4, 52), letter=st.sampled_from(LETTERS))
def test_one_wrong_letter_is_noticed(place, letter):
    token = new_token_text()
    wrong = token[:place] + letter + token[place + 1 :]
    assert is_token_text(wrong) == (wrong == token)


@pytest.mark.parametrize("text", ["", "hgt_", "hgt_short", "x" * 53, "hgt_" + "é" * 49, "hgt_" + "0" * 49])
def test_other_texts_are_no_tokens(text):
    assert not is_token_text(text)
