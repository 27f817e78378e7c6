"""Search rows: folding, words, names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.storage import summary
from tests.storage.stores import make_case


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müller", "muller"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("Ærøskøbing", "aeroskobing"),
        ("Żółć", "zolc"),
        ("Đặng", "dang"),
        ("İşçi IŞIK ışık", "isci isik isik"),
        ("Ｆｕｌｌ", "full"),
        ("ﬁn", "fin"),
        ("김민준", "김민준"),
        ("山田", "山田"),
    ],
)
def test_folding_leaves_what_people_type(text: str, folded: str):
    assert summary.fold(text) == folded


@given(st.text(max_size=40))
def test_folding_is_stable_and_blind_to_case(text: str):
    once = summary.fold(text)
    assert summary.fold(once) == once
    assert summary.fold(text.casefold()) == once


@given(st.text(alphabet="aZöß山田か-' .’한9", max_size=20))
def test_every_name_is_found_by_itself(name: str):
    case = make_case(display_name=name)
    words = summary.words(case)
    for term in summary.terms(name):
        assert any(word.startswith(term) for word in words)


def test_unspaced_scripts_are_indexed_from_every_character():
    assert {"山田太郎", "田太郎", "太郎", "郎"} <= summary.words(make_case(display_name="山田太郎"))


def test_other_scripts_are_not():
    words = summary.words(make_case(display_name="Suharto"))
    assert "suharto" in words
    assert "uharto" not in words


def test_a_query_uses_a_few_of_its_words():
    assert len(summary.terms(" ".join(f"word{n}" for n in range(1000)))) == summary.MAX_TERMS
    assert summary.terms("anna ANNA Änna") == ["anna"]
    assert [len(term) for term in summary.terms("x" * 9999)] == [summary.MAX_WORD]


@pytest.mark.parametrize(
    ("hire", "name"),
    [
        ({"display_name": "Zoë M.", "given_name": "Zoe"}, "Zoë M."),
        ({"preferred_name": "Bob", "given_name": "Robert", "family_name": "O'Neill"}, "Bob O'Neill"),
        ({"given_name": "Suharto"}, "Suharto"),
        ({"family_name": "山田"}, "山田"),
        ({}, ""),
    ],
)
def test_the_display_name_is_hrs_or_made_of_the_parts(hire: dict[str, Any], name: str):
    assert summary.display_name(make_case(**hire)) == name
