"""Expanding the SDK's URL templates: to the character what the SDK makes of them."""

from __future__ import annotations

import copy
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onboarding.graph import urls

BASE = "http://127.0.0.1:9/v1.0"
TEMPLATE = (
    "{+baseurl}/users/{user%2Did}/authentication/methods/{authenticationMethod%2Did}"
    "{?%24count,%24expand,%24filter,%24orderby,%24search,%24select,%24skip,%24top}"
)
#: Whatever UTF-8 can say.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
#: The SDK itself fails on these.
SOME = TEXT.filter(bool)


class Colour(Enum):
    RED = "red"


def made(template: str, path: dict[str, Any], query: dict[str, Any]) -> Any:
    from kiota_abstractions.method import Method
    from kiota_abstractions.request_information import RequestInformation

    info = RequestInformation(Method.GET, template, path)
    info.query_parameters = query
    return info


def by_both(info: Any) -> tuple[str, str]:
    theirs = copy.copy(info)
    theirs.path_parameters = {"baseurl": BASE, **info.path_parameters}
    return urls.expand(info, BASE), with_plain_names(str(theirs.url))


def with_plain_names(url: str) -> str:
    """What the SDK's middleware makes of it on its way."""
    from kiota_http.middleware import ParametersNameDecodingHandler
    from kiota_http.middleware.options import ParametersNameDecodingHandlerOption

    characters = ParametersNameDecodingHandlerOption().characters_to_decode
    path, mark, query = url.partition("?")
    decoded: str = ParametersNameDecodingHandler().decode_uri_encoded_string(query, characters)
    return path + mark + decoded


@given(
    SOME,
    SOME,
    st.fixed_dictionaries(
        {},
        optional={
            "%24filter": TEXT,
            "%24search": TEXT,
            "%24select": st.lists(SOME, min_size=1, max_size=4),
            "%24top": st.integers(1, 999),
            "%24count": st.booleans(),
            "unheard": TEXT,
        },
    ),
)
@example("a@b.example", "x", {"%24filter": "activityDateTime ge 2026-11-22T08:00:00Z and x eq 'O''Neill'"})
@example("..", "a/b?c#d", {"%24select": ["a,b", "c"], "%24filter": "100% $x ~-._"})
@example("ü", "𠮷", {"%24top": 1, "%24count": True})
def test_it_is_what_the_sdk_makes(user: str, method: str, query: dict[str, Any]) -> None:
    ours, theirs = by_both(made(TEMPLATE, {"user%2Did": user, "authenticationMethod%2Did": method}, query))
    assert ours == theirs


@pytest.mark.parametrize(
    ("template", "path", "query"),
    [
        ("{+baseurl}/users", {}, {}),
        ("{+baseurl}/users{?%24top}", {}, {"%24top": None}),
        ("{+baseurl}/users{?%24select*}", {}, {"%24select": ["a", "b"]}),
        ("{+baseurl}/users/{id:3}", {"id": "abcdef"}, {}),
        ("{+baseurl}/x/{id}", {"id": UUID(int=5)}, {}),
        ("{+baseurl}/x{?colour}", {}, {"colour": Colour.RED}),
        ("{+baseurl}/x{?colours}", {}, {"colours": []}),
        ("{+baseurl}/x{?ids}", {}, {"ids": [1, 2]}),
        ("{+baseurl}/x{/id}{&more}", {"id": "a/b"}, {"more": "1"}),
        ("{+baseurl}/x{?%24a%2Db%2ec%7Ed%20e*}", {}, {"%24a%2Db%2ec%7Ed%20e": ["%24=%24", "&%2D"]}),
        ("{+baseurl}/x{?%24a%2Db%2ec%7Ed%20e}", {}, {"%24a%2Db%2ec%7Ed%20e": "%24=%24"}),
    ],
)
def test_what_is_unlike_the_usual_is_left_to_the_sdk(
    template: str, path: dict[str, Any], query: dict[str, Any]
) -> None:
    ours, theirs = by_both(made(template, path, query))
    assert ours == theirs


def test_a_url_that_is_given_whole_stays() -> None:
    info = made("{+baseurl}/users", {"request-raw-url": "http://127.0.0.1:9/v1.0/users?$skiptoken=x%20y"}, {})
    assert urls.expand(info, BASE) == "http://127.0.0.1:9/v1.0/users?$skiptoken=x%20y"
