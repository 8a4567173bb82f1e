"""The text of a token."""

import re

from hypothesis import given
from hypothesis import strategies as st

from app.access_tokens.secrets import is_token, new_token, token_hash

SCANNER = re.compile(r"\blsp_[0-9A-Za-z]{36}\b")


def test_a_secret_scanner_finds_it_by_its_form() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(SCANNER.fullmatch(token) and is_token(token) for token in tokens)
    assert len({token_hash(token) for token in tokens}) == 100


@given(place=st.integers(4, 39), letter=st.sampled_from("0123456789ABCXYZabcxyz"))
def test_a_slip_of_one_letter_is_noticed(place: int, letter: str) -> None:
    token = new_token()
    slipped = token[:place] + letter + token[place + 1 :]
    assert is_token(slipped) is (slipped == token)


@given(st.text(max_size=60))
def test_words_are_no_tokens(text: str) -> None:
    assert not is_token(text)
    assert not is_token(f"lsp_{text}")


def test_digits_of_other_scripts_are_no_letters_of_ours() -> None:
    assert not is_token("lsp_" + "٣" * 36)
