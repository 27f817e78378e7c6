"""ASP.NET route templates, as "Routing in ASP.NET Core" describes them."""

import pytest

from onboarding.devhost.routes import UnsupportedTemplate, parse


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("hr/{source}", "hr/greenhouse", {"source": "greenhouse"}),
        ("hr/{source}", "HR/Greenhouse", {"source": "Greenhouse"}),
        ("hr/{source}", "hr/", None),
        ("hr/{source}", "hr/a/b", None),
        ("hr/{source}", "hr/a/", {"source": "a"}),
        ("hr/{source}", "hr/M%C3%BCller%20%E5%B1%B1%E7%94%B0", {"source": "Müller 山田"}),
        ("hr/{source}", "hr/O'Neill", {"source": "O'Neill"}),
        ("hr/{source}", "hr/a%2Fb%2fc", {"source": "a%2Fb%2Fc"}),
        ("hr/{source}", "hr/%FF", {"source": "\ufffd"}),
        ("n/{x:int}", "n/-12", {"x": "-12"}),
        ("n/{x:int}", "n/2147483648", None),
        ("n/{x:int}", "n/٣", None),
        ("n/{x:long}", "n/2147483648", {"x": "2147483648"}),
        ("n/{x:int:min(3)}", "n/2", None),
        (
            "n/{x:guid}",
            "n/0b4f51a2-7d0a-4c9e-a3e5-5a9d0f6f5b11",
            {"x": "0b4f51a2-7d0a-4c9e-a3e5-5a9d0f6f5b11"},
        ),
        ("n/{x:length(2,3)}", "n/abcd", None),
        ("n/{x?}", "n", {}),
        ("n/{x:int?}", "n", {}),
        ("n/{x:int?}", "n/a", None),
        ("n/{x?}", "n/1", {"x": "1"}),
        ("f/{*rest}", "f", {}),
        ("f/{*rest}", "f/a/b", {"rest": "a/b"}),
        ("f/{**rest}", "f/a/b/", {"rest": "a/b"}),
        ("", "", {}),
        ("", "a", None),
        ("a", "a//", {}),
        ("a/b", "a//b", None),
    ],
)
def test_a_path_matches_with_these_values(template: str, path: str, values: dict[str, str] | None) -> None:
    assert parse(template).match(path) == values


@pytest.mark.parametrize(
    "template",
    [
        "/a",
        "~/a",
        "a//b",
        "a/",
        "{x}/{X}",
        "{*r}/a",
        "{x?}/a",
        "{x=1}",
        "file-{x}",
        "{x:regex(a)}",
        "{}",
        "{x",
        "a?",
    ],
)
def test_templates_that_are_wrong_or_not_modelled_are_refused(template: str) -> None:
    with pytest.raises(UnsupportedTemplate):
        parse(template)


def test_literal_before_constraint_before_parameter_before_catch_all() -> None:
    templates = ["{*r}", "c/{x}", "c/{x:int}", "c/new", "{y}/new", "c"]
    ordered = sorted(templates, key=lambda text: parse(text).precedence)
    assert ordered == ["c", "c/new", "c/{x:int}", "c/{x}", "{y}/new", "{*r}"]
