"""The Exchange commands that are printed: right ids, safe values, safe to repeat. No PowerShell runs here.

That the text is PowerShell was checked once with a PowerShell grammar; the tests read it with the quoting rules of
Learn's about_Quoting_Rules.
"""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts import azd_values, exchange_sender

CLIENT = "66666666-7777-8888-9999-aaaaaaaaaaaa"
OBJECT = "11111111-2222-3333-4444-555555555555"
QUOTES = "'\u2018\u2019\u201a\u201b"


def printed(
    capsys: pytest.CaptureFixture[str], *more: str, sender: str = "onboarding@contoso.example"
) -> str:
    argv = ["--client-id", CLIENT, "--principal-id", OBJECT, "--sender", sender, *more]
    assert exchange_sender.main(argv) == 0
    return capsys.readouterr().out


def literals(text: str) -> tuple[list[str], str]:
    """(values of the single-quoted literals, the rest), read as PowerShell does, outside comments and double quotes."""
    found: list[str] = []
    rest: list[str] = []
    i = 0
    while i < len(text):
        if text[i] == "#" and (i == 0 or text[i - 1] == "\n"):
            i = text.find("\n", i)
        elif text[i] == '"':
            end = text.index('"', i + 1)
            rest.append(text[i : end + 1])
            i = end + 1
        elif text[i] in QUOTES:
            value, i = literal(text, i + 1)
            found.append(value)
        else:
            rest.append(text[i])
            i += 1
    return found, "".join(rest)


def literal(text: str, start: int) -> tuple[str, int]:
    """One single-quoted literal from after its opening quote: (value, position after the closing quote)."""
    value: list[str] = []
    i = start
    while True:
        if text[i] in QUOTES:
            if i + 1 < len(text) and text[i + 1] in QUOTES:
                i += 1
            else:
                return "".join(value), i + 1
        value.append(text[i])
        i += 1


def variables(text: str) -> dict[str, str]:
    """Name → value of the literals that are assigned at the top."""
    return {
        name: literal(text, text.index("'", at.start()) + 1)[0]
        for at in re.finditer(r"^\$(\w+) = '", text, re.M)
        for name in [at[1]]
    }


def test_the_ids_are_those_of_the_enterprise_application(capsys: pytest.CaptureFixture[str]) -> None:
    said = variables(printed(capsys))
    assert said["appId"] == CLIENT
    assert said["objectId"] == OBJECT
    assert said["mailbox"] == "onboarding@contoso.example"
    assert said["filter"] == "PrimarySmtpAddress -eq 'onboarding@contoso.example'"


def test_both_roles_get_the_same_scope(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys)
    assert "'Onboarding Mail.Send' = 'Application Mail.Send'" in text
    assert "'Onboarding Mail.ReadWrite' = 'Application Mail.ReadWrite'" in text
    assert text.count("-CustomResourceScope $scope") == 1
    assert text.count("New-ManagementRoleAssignment") == 1


@pytest.mark.parametrize("how", ["option", "azd"])
def test_without_drafts_the_mailbox_is_not_read_and_an_old_right_is_pointed_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "option":
        text = printed(capsys, "--no-drafts")
    else:
        monkeypatch.setattr("sys.stdin", io.StringIO('ONBOARDING_MAIL_DRAFTS="false"\n'))
        text = printed(capsys, "--azd-env", "-")
    assert "= 'Application Mail.ReadWrite'" not in text
    assert "= 'Application Mail.Send'" in text
    assert "Drafts are still allowed" in text


def test_every_new_follows_a_look(capsys: pytest.CaptureFixture[str]) -> None:
    """Safe to run again: nothing is created without having been looked for."""
    text = printed(capsys)
    for noun in ("ServicePrincipal", "ManagementScope", "ManagementRoleAssignment"):
        assert text.index(f"Get-{noun}") < text.index(f" New-{noun} ")
        assert re.search(rf"\.Count -eq 0\) {{\n\s+New-{noun} ", text)


def test_it_ends_with_a_test_that_fails_on_another_mailbox(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys)
    assert text.count("Test-ServicePrincipalAuthorization") == 2
    assert "reaches another mailbox" in text
    assert text.index("New-ManagementRoleAssignment") < text.index("Test-ServicePrincipalAuthorization")


def test_remove_takes_back_all_of_it_drafts_too(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "--remove", "--no-drafts")
    assert "New-" not in text
    order = [
        text.index(f"Remove-{noun}")
        for noun in ("ManagementRoleAssignment", "ManagementScope", "ServicePrincipal")
    ]
    assert order == sorted(order)
    assert "Application Mail.ReadWrite" in text


def test_ids_and_sender_come_from_what_azd_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = (
        f'APP_IDENTITY_CLIENT_ID="{CLIENT}"\nAPP_IDENTITY_PRINCIPAL_ID="{OBJECT}"\n'
        'SENDER_MAILBOX="o\'neill@contoso.example"\nSECRETS_TO_SET="[\\"hash\\",\\"hr\\"]"\nAZURE_LOCATION=westeurope\n'
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(values))
    assert exchange_sender.main(["--azd-env", "-"]) == 0
    assert variables(capsys.readouterr().out)["mailbox"] == "o'neill@contoso.example"


def test_an_apostrophe_stays_inside_its_literal_in_both_languages(capsys: pytest.CaptureFixture[str]) -> None:
    """PowerShell doubles it once, OPATH inside PowerShell once more."""
    text = printed(capsys, "--name", "O'Neill & Sons; Remove-Item $x", sender="o'neill-hr@contoso.example")
    said = variables(text)
    assert said["mailbox"] == "o'neill-hr@contoso.example"
    assert said["filter"] == "PrimarySmtpAddress -eq 'o''neill-hr@contoso.example'"
    assert said["name"] == "O'Neill & Sons; Remove-Item $x"
    values, rest = literals(text)
    assert "neill" not in rest.lower()
    assert "Remove-Item" not in rest
    assert "O'Neill & Sons; Remove-Item $x Mail.Send" in values


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "onboarding",
        "onboarding@localhost",
        "a@contoso.example'; Remove-Mailbox x; '",
        "a@contoso.example\nRemove-Mailbox x",
        "a@contoso.example\n",
        "o\u2019neill@contoso.example",
        "$(Remove-Item)@contoso.example",
        "`n@contoso.example",
        "*@contoso.example",
        "a..b@contoso.example",
        "Onboarding <onboarding@contoso.example>",
        "a@contoso.example,b@contoso.example",
        "jürgen@contoso.example",
        "山田@contoso.example",
        "a" * 65 + "@contoso.example",
        "a@" + "b" * 64 + ".example",
        "a@" + "b.c" * 90 + ".example",
        "a@-contoso.example",
    ],
)
def test_an_address_that_is_none_prints_nothing(capsys: pytest.CaptureFixture[str], sender: str) -> None:
    argv = ["--client-id", CLIENT, "--principal-id", OBJECT, f"--sender={sender}"]
    trimmed = sender == "a@contoso.example\n"
    assert exchange_sender.main(argv) == (0 if trimmed else 2)
    said = capsys.readouterr()
    assert trimmed or said.out == ""
    assert trimmed or not sender or sender not in said.err


def test_the_longest_addresses_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert "a" * 64 in printed(capsys, sender="a" * 64 + "@contoso.example")


@pytest.mark.parametrize(
    "more",
    [
        ["--client-id", "x"],
        ["--principal-id", "'; Remove-Item"],
        ["--client-id", OBJECT],
        ["--name", ""],
        ["--name", "a" * 41],
        ["--name", "a\nb"],
        ["--name", "On*"],
        ["--name", "Ønboarding"],
        ["--azd-env", "/no/such/file"],
    ],
)
def test_other_values_that_do_not_fit_print_nothing(
    capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    argv = ["--client-id", CLIENT, "--principal-id", OBJECT, "--sender", "onboarding@contoso.example", *more]
    assert exchange_sender.main(argv) == 2
    assert capsys.readouterr().out == ""


def test_without_ids_it_says_what_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert exchange_sender.main(["--sender", "onboarding@contoso.example"]) == 2
    assert "--azd-env" in capsys.readouterr().err


@given(
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]) | st.sampled_from(QUOTES + ' ;$`"#'))
)
def test_any_text_survives_quoting_as_one_literal(text: str) -> None:
    quoted = exchange_sender.quoted(text)
    assert literal(quoted, 1) == (text, len(quoted))


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\u2028b", "a\u202eb"])
def test_what_cannot_be_printed_is_not_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="printed"):
        exchange_sender.quoted(text)


def test_azd_values_are_read_as_azd_prints_them() -> None:
    text = '\n# comment\nA="x"\nB="a \\"b\\" \\$c \\\\ d"\nC=12\nexport D="é"\nE=""\n'
    assert azd_values.parse(text) == {"A": "x", "B": 'a "b" $c \\ d', "C": "12", "D": "é", "E": ""}


def test_a_line_that_cannot_be_read_is_named_by_its_number_only() -> None:
    with pytest.raises(ValueError, match="line 2") as caught:
        azd_values.parse('A="x"\nhunter2\n')
    assert "hunter2" not in str(caught.value)
