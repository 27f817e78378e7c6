# mypy: allow-untyped-defs, allow-untyped-calls
"""One dirty HR phone field after another: what it becomes, or why it is refused.

The forms come from public issue trackers and vendor documents (SAP KBA 2505319, Greenhouse and Lever pages,
libphonenumber, libphonenumber-js, phonelib, Excel guides); the subscribers are made up.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from onboarding.domain.phone import (
    PhoneKind,
    PhoneReason,
    PhoneResult,
    PhoneStatus,
    directory_phone,
    normalise,
)

REVIEW = {"no_region", "unknown_country", "two_numbers", "ambiguous_prefix", "possible_only"}

#: (country, as typed, E.164)
ACCEPTED = [
    # international, no evidence needed
    ("", "+49 176 10042069", "+4917610042069"),
    ("", "+1 212 555 2555", "+12125552555"),
    ("", "+44 (0)208 123 4567 x415", "+442081234567"),
    ("", "+49(0)176/12345678", "+4917612345678"),
    ("", "+49 (0)176 / 123 456 78", "+4917612345678"),
    ("", "+44 [0] 20 8123 4567", "+442081234567"),
    ("", "+44 07911 123456", "+447911123456"),
    ("", "+353 0871234567", "+353871234567"),
    ("", "0044 7911 123456", "+447911123456"),
    ("", "0044 07911 123456", "+447911123456"),
    ("", "0044 (0) 7911 123456", "+447911123456"),
    ("", "(0044) 7911 123456", "+447911123456"),
    ("", "00 44 7911-123456", "+447911123456"),
    ("", "+0044 7911 123456", "+447911123456"),
    ("", "00+44 7911 123456", "+447911123456"),
    ("", "0014255550177", "+14255550177"),
    ("US", "0014255550177", "+14255550177"),
    ("BR", "0055 11 91234-5678", "+5511912345678"),
    ("", "+++46 70 123 45 67", "+46701234567"),
    ("", "+ +46 70 123 45 67", "+46701234567"),
    ("", "(+46) 70-123 45 67", "+46701234567"),
    ("", "+(46)701234567", "+46701234567"),
    ("", "+1-202-456-1111", "+12024561111"),
    ("", "+1 (876) 210-1234", "+18762101234"),
    ("", "+7 701 234 5678", "+77012345678"),
    ("", "+7 8 912 345 67 89", "+79123456789"),
    ("", "+36 06 30 123 4567", "+36301234567"),
    ("US", "+44 7911 123456", "+447911123456"),
    # Italy keeps its zero
    ("", "+39 06 1234 5678", "+390612345678"),
    ("", "+39 (0)06 1234 5678", "+390612345678"),
    ("", "+39 (0)6 1234 5678", "+390612345678"),
    ("", "+39 (0)333 1234567", "+393331234567"),
    ("IT", "06 1234 5678", "+390612345678"),
    ("IT", "3912345678", "+393912345678"),
    # Mexico and Argentina before their reforms
    ("", "+52 1 55 1234 5678", "+525512345678"),
    ("", "+5215512345678", "+525512345678"),
    ("", "+52 55 1234 5678", "+525512345678"),
    ("MX", "044 55 1234 5678", "+525512345678"),
    ("MX", "045 55 1234 5678", "+525512345678"),
    ("MX", "01 55 1234 5678", "+525512345678"),
    ("MX", "55 1234 5678", "+525512345678"),
    ("", "+54 9 11 2345 6789", "+5491123456789"),
    ("", "+54 11 15 2345 6789", "+5491123456789"),
    ("AR", "011 15 2345-6789", "+5491123456789"),
    # national, with the country
    ("US", "518-555-1212", "+15185551212"),
    ("US", "(425) 882-8080", "+14258828080"),
    ("US", "1 425 882 8080", "+14258828080"),
    ("US", "14255550177", "+14255550177"),
    ("RO", "0733111222", "+40733111222"),
    ("GB", "07911 123456", "+447911123456"),
    ("GB", "7911123456", "+447911123456"),
    ("SE", "070-123 45 67", "+46701234567"),
    ("FR", "06.12.34.56.78", "+33612345678"),
    ("FR", "06/12/34/56/78", "+33612345678"),
    ("DE", "030/12345678", "+493012345678"),
    ("DE", "0176/12345678", "+4917612345678"),
    ("AT", "0664/1234567", "+436641234567"),
    ("DE", "030 1234567-0", "+493012345670"),
    ("DE", "030 123456 - 12", "+493012345612"),
    ("", "+49  30  123456  12", "+493012345612"),
    ("DE", "(0176) 12345678", "+4917612345678"),
    ("DE", "0176\\12345678", "+4917612345678"),
    ("CH", "079'123'45'67", "+41791234567"),
    ("HU", "06 30 123 4567", "+36301234567"),
    ("NO", "47123456", "+4747123456"),
    ("IN", "9111111111", "+919111111111"),
    ("RU", "8 912 345-67-89", "+79123456789"),
    ("RU", "8 (862) 123-45-67", "+78621234567"),
    ("RU", "9123456789", "+79123456789"),
    ("KZ", "8 701 234 5678", "+77012345678"),
    ("BR", "(11) 91234-5678", "+5511912345678"),
    ("BR", "0 15 11 91234-5678", "+5511912345678"),
    ("US", "435-223-4567", "+14352234567"),
    ("US", "011 44 7911 123456", "+447911123456"),
    ("RU", "8 10 44 7911 123456", "+447911123456"),
    ("AU", "0011 44 7911 123456", "+447911123456"),
    ("FO", "211234", "+298211234"),
    ("AD", "312345", "+376312345"),
    ("Germany", "0176 12345678", "+4917612345678"),
    ("United Kingdom", "07911 123456", "+447911123456"),
    ("de", "0176 12345678", "+4917612345678"),
    # what spreadsheets and copy-and-paste leave behind
    ("", "+447911123456.0", "+447911123456"),
    ("US", "4258828080.0", "+14258828080"),
    ("", "'+49 176 12345678", "+4917612345678"),
    ("", '="+49 176 12345678"', "+4917612345678"),
    ("", "=+4917612345678", "+4917612345678"),
    ("", "\u202d+49 176 12345678\u202c", "+4917612345678"),
    ("", "\u200e+49 176 12345678", "+4917612345678"),
    ("", "\ufeff+49\u00a0176\u202f12345678", "+4917612345678"),
    ("", "+49\u2011176\u201112345678", "+4917612345678"),
    ("", "+49 176\ufe0f 1234\ufe0d5678", "+4917612345678"),
    ("", "+49 176\u00ad12345678", "+4917612345678"),
    ("", "＋４９　１７６　１２３４５６７８", "+4917612345678"),
    ("JP", "０９０－１２３４－５６７８", "+819012345678"),
    ("JP", "090ー1234‐5678", "+819012345678"),
    ("JP", "090−1234—5678", "+819012345678"),
    ("EG", "٠١٠٠١٢٣٤٥٦٧", "+201001234567"),
    ("IN", "०८१२३४५६७८९", "+918123456789"),
    ("", "+4️⃣9️⃣ 176 12345678", "+4917612345678"),
    ("", "📱 +49 176 12345678", "+4917612345678"),
    ("DE", "\t0176\t12345678\r\n", "+4917612345678"),
    # labels in brackets, links
    ("", "+33 6 12 34 56 78 (perso)", "+33612345678"),
    ("", "+33 6 12 34 56 78 (home)", "+33612345678"),
    ("", "[mobile] +33 6 12 34 56 78", "+33612345678"),
    ("", "（携帯）+81 90-1234-5678", "+819012345678"),
    ("FR", "{domicile} 01 23 45 67 89", "+33123456789"),
    ("", "tel:+49-176-12345678", "+4917612345678"),
    ("", "TEL: +49 176 12345678", "+4917612345678"),
    ("", "tel:030-12345678;phone-context=+49", "+493012345678"),
    ("", "tel:%2B4917612345678", "+4917612345678"),
    ("", "https://wa.me/4917612345678", "+4917612345678"),
    ("", "wa.me/+4917612345678?text=Hallo", "+4917612345678"),
    ("", "https://api.whatsapp.com/send?phone=4917612345678", "+4917612345678"),
]

#: (country, as typed, reason)
REFUSED = [
    ("", "", "empty"),
    ("DE", "  \t ", "empty"),
    ("", "\u200b\ufeff", "empty"),
    ("", "-", "invalid"),
    ("", "+", "invalid"),
    ("", "0", "too_short"),
    ("", "+49", "too_short"),
    ("GB", "01481", "too_short"),
    ("US", "882-8080", "too_short"),
    ("US", "03432640000", "too_long"),
    ("", "+51 7249890429", "too_long"),
    ("", "+44 44 7911 123456", "too_long"),
    ("", "+49 790743915000806", "too_long"),  # valid to libphonenumber, but E.164 ends at 15 digits
    ("", "1" * 251, "too_long"),
    ("DE", "0" * 200, "too_long"),
    ("", "+8 912 345 67 89", "invalid"),
    ("DE", "+0176 12345678", "invalid"),
    ("", "*21*0176123456#", "invalid"),
    ("", "+49 176 12345678²", "invalid"),
    ("", "+49 176 1234567①", "invalid"),
    ("", "447911123456.5", "invalid"),
    # letters
    ("", "n/a", "letters"),
    ("", "none", "letters"),
    ("", "keine Angabe", "letters"),
    ("", "+353ks.123456789", "letters"),
    ("US", "1-800-FLOWERS", "letters"),
    ("US", "425 VACANCY", "letters"),
    ("", "Mobile: +49 176 12345678", "letters"),
    ("", "+49 176 12345678 ask for Jo", "letters"),
    ("", "+49 176 1234567O", "letters"),
    ("", "山田 +81 90 1234 5678", "letters"),
    # exponents
    ("US", "1.4E+10", "scientific_notation"),
    ("", "4,91761E+11", "scientific_notation"),
    ("GB", "4.47911e11", "scientific_notation"),
    # nobody's own number
    ("US", "911", "not_a_personal_number"),
    ("", "911", "not_a_personal_number"),
    ("", "112", "not_a_personal_number"),
    ("DE", "110", "not_a_personal_number"),
    ("DE", "116117", "not_a_personal_number"),
    ("GB", "999", "not_a_personal_number"),
    ("", "+49 110", "not_a_personal_number"),
    ("", "+1 800 356 9377", "not_a_personal_number"),
    ("GB", "0800 123 4567", "not_a_personal_number"),
    ("", "+44 (0) 800 123 4567", "not_a_personal_number"),
    ("", "0044 0800 123 4567", "not_a_personal_number"),
    ("", "+1 900 234 5678", "not_a_personal_number"),
    ("", "+44 845 123 4567", "not_a_personal_number"),
    ("", "+44 7640 123456", "not_a_personal_number"),
    ("", "+44 55 1234 5678", "not_a_personal_number"),
    ("", "+800 1234 5678", "not_a_personal_number"),
    ("", "+808 1234 5678", "not_a_personal_number"),
    ("", "+870 773 123 456", "not_a_personal_number"),
    ("", "+882 16 1234 5678", "not_a_personal_number"),
    ("", "+979 123 456 789", "not_a_personal_number"),
    ("", "+49 30 1234567 (Fax)", "not_a_personal_number"),
    # no country
    ("", "518-555-1212", "no_region"),
    ("", "(123) 456-7888", "no_region"),
    ("", "0612345678", "no_region"),
    ("", "07911 123456", "no_region"),
    ("", "tel:030-12345678", "no_region"),
    ("Wakanda", "07911 123456", "unknown_country"),
    ("AQ", "07911 123456", "unknown_country"),
    # the + went missing
    ("", "447911123456", "ambiguous_prefix"),
    ("GB", "447911123456", "ambiguous_prefix"),
    ("US", "447911123456", "ambiguous_prefix"),
    ("GB", "447911123456.0", "ambiguous_prefix"),
    ("", "441843297700", "ambiguous_prefix"),
    ("GB", "441843297700", "ambiguous_prefix"),
    ("DE", "49 176 10042069", "ambiguous_prefix"),
    ("DE", "491761234", "ambiguous_prefix"),
    ("DE", "43664 1234567", "ambiguous_prefix"),
    ("PT", "351 (22) 0600175", "ambiguous_prefix"),
    ("NL", "316123456", "ambiguous_prefix"),
    ("RU", "79123456789", "ambiguous_prefix"),
    ("US", "4352234567", "ambiguous_prefix"),
    ("LU", "43 664 123 456", "ambiguous_prefix"),  # grouped as in Luxembourg, and as +43 664 in Austria
    ("US", "4791234567", "ambiguous_prefix"),
    ("CN", "14255550177", "ambiguous_prefix"),
    ("", "+49 49 176 12345678", "ambiguous_prefix"),
    # the length fits, the range does not exist
    ("FR", "012345678", "possible_only"),
    ("US", "555-555-5555", "possible_only"),
    ("US", "(123) 456-7888", "possible_only"),
    ("US", "6328027000", "possible_only"),
    ("NL", "0612-3686526", "possible_only"),
    ("", "(+234)0806267770", "possible_only"),
    ("PK", "0092421234567", "possible_only"),
    ("", "+4930123456.0", "possible_only"),
    # two numbers
    ("DE", "0176 12345678/0151 12345678", "two_numbers"),
    ("DE", "0176 12345678 oder 0151 12345678", "two_numbers"),
    ("FR", "06 12 34 56 78 ou 06 98 76 54 32", "two_numbers"),
    ("ES", "612 345 678 y 612 345 679", "two_numbers"),
    ("GB", "07911 123456 or +1 425 882 8080", "two_numbers"),
    ("GB", "07911 123456 07911 123457", "two_numbers"),
    ("DE", "030 123456, 030 654321", "two_numbers"),
    ("DE", "030 123456 | 030 654321", "two_numbers"),
    ("DE", "030 123456\n030 654321", "two_numbers"),
    ("DE", "030 1234 - 030 5678", "two_numbers"),
    ("DE", "0301234 56/57", "two_numbers"),
    ("", "+49 176 12345678; +49 151 12345678", "two_numbers"),
    ("", "+49 176 12345678+49 151 12345678", "two_numbers"),
    ("", "+49 30 123456 (home) +49 176 12345678", "two_numbers"),
    ("JP", "03-1234-5678、090-1234-5678", "two_numbers"),
    ("", "07911 123456; 07911 654321", "no_region"),
    ("DE", "030 123456, 5", "two_numbers"),
    ("DE", "030 12345678, 12345678901234567890", "invalid"),
]

#: (country, as typed, E.164, extension)
EXTENSIONS = [
    ("", "+44 (0)208 123 4567 x415", "+442081234567", "415"),
    ("US", "425-882-8080 x123", "+14258828080", "123"),
    ("US", "(425) 882-8080 ext. 45", "+14258828080", "45"),
    ("US", "(425) 882-8080 (ext 45)", "+14258828080", "45"),
    ("US", "(425) 882-8080 (ext) 45", "+14258828080", "45"),
    ("US", "(425) 882-8080 Extension: 0045", "+14258828080", "0045"),
    ("US", "(425) 882-8080,,123", "+14258828080", "123"),
    ("US", "(425) 882-8080;123", "+14258828080", "123"),
    ("US", "(425) 882-8080 #123", "+14258828080", "123"),
    ("", "+33 1 23 45 67 89 poste 12", "+33123456789", "12"),
    ("", "+49 30 12345678 Durchwahl 12", "+493012345678", "12"),
    ("", "+49 30 12345678 DW-12", "+493012345678", "12"),
    ("PL", "22 345 67 89 wew. 12", "+48223456789", "12"),
    ("PL", "22 345 67 89 wewnętrzny 12", "+48223456789", "12"),
    ("ES", "+34 912 345 678 extensión 7", "+34912345678", "7"),
    ("RU", "8 (495) 123-45-67 доб. 12", "+74951234567", "12"),
    ("TW", "02-2345-6789 分機 12", "+886223456789", "12"),
    ("TW", "02-2345-6789分機12", "+886223456789", "12"),
    ("TW", "02-2345-6789~12", "+886223456789", "12"),
    ("JP", "03-1234-5678 内線 12", "+81312345678", "12"),
    ("KR", "02-312-3456 내선 12", "+8223123456", "12"),
    ("", "tel:+49-30-12345678;ext=12", "+493012345678", "12"),
    ("", "+49 30 12345678 ext.", "+493012345678", None),
]


def _read(country: str, raw: str) -> PhoneResult:
    return normalise(raw, (country,) if country else ())


@pytest.mark.parametrize(("country", "raw", "e164"), ACCEPTED)
def test_a_clear_number_is_accepted_however_it_was_typed(country, raw, e164):
    result = _read(country, raw)
    assert (result.e164, result.reason) == (e164, None)
    assert result.status is PhoneStatus.OK


@pytest.mark.parametrize(("country", "raw", "reason"), REFUSED)
def test_an_unclear_number_is_refused_with_the_reason(country, raw, reason):
    result = _read(country, raw)
    assert result.reason == reason
    assert result.status == ("needs_review" if reason in REVIEW else "rejected")
    assert result.e164 is None
    assert result.entra is None


@pytest.mark.parametrize(("country", "raw", "e164", "extension"), EXTENSIONS)
def test_an_extension_is_set_aside_and_reported(country, raw, e164, extension):
    result = _read(country, raw)
    assert (result.e164, result.extension) == (e164, extension)
    assert result.entra is not None
    assert result.entra.replace(" ", "") == e164


@pytest.mark.parametrize(
    ("country", "raw", "kind"),
    [
        ("", "+49 176 12345678", "mobile"),
        ("", "+49 30 12345678", "fixed_line"),
        ("", "+1 425 882 8080", "fixed_line_or_mobile"),
        ("GB", "056 1234 5678", "voip"),
        ("", "+1 800 356 9377", "toll_free"),
        ("", "+1 900 234 5678", "premium"),
        ("", "+49 180 1 234567", "shared_cost"),
        ("GB", "07012 345678", "personal"),
        ("", "+44 7640 123456", "pager"),
        ("", "+44 55 1234 5678", "uan"),
        ("", "+86 13800", "unknown"),
        ("", "n/a", "unknown"),
    ],
)
def test_the_kind_is_told_also_for_numbers_that_are_refused(country, raw, kind):
    assert _read(country, raw).kind == kind


def test_voip_and_personal_numbers_are_ok_but_stay_out_of_the_directory():
    for raw in ("+44 56 1234 5678", "+44 7012 345678"):
        result = normalise(raw)
        assert result.status is PhoneStatus.OK
        assert directory_phone(result) is None


# ── evidence ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_first_country_that_is_present_decides():
    assert normalise("07911 123456", (None, " ", "GB", "DE")).e164 == "+447911123456"
    assert normalise("030 12345678", ("DE", "GB")).e164 == "+493012345678"


def test_an_unknown_country_beside_the_number_is_not_skipped_for_a_known_one_further_away():
    """07911 123456 is valid in Germany too: reading past the unknown hint would make it somebody else's."""
    result = normalise("07911 123456", ("Wakanda", "DE"))
    assert result.reason is PhoneReason.UNKNOWN_COUNTRY


@pytest.mark.parametrize("raw", ["+44 7911 123456", "0044 7911 123456", "tel:+447911123456"])
def test_an_international_number_needs_no_country_and_ignores_a_wrong_one(raw):
    for countries in ((), ("Wakanda",), ("US",), ("DE", "FR")):
        result = normalise(raw, countries)
        assert (result.e164, result.assumed_region) == ("+447911123456", False)


@pytest.mark.parametrize(
    ("country", "raw", "assumed"),
    [
        ("DE", "+49 176 12345678", False),
        ("DE", "0049 176 12345678", False),
        ("DE", "tel:+4917612345678", False),
        ("DE", "https://wa.me/4917612345678", False),
        ("DE", "0176 12345678", True),
        ("US", "1 425 882 8080", True),
        ("US", "011 44 7911 123456", True),
        ("DE", "tel:0176-12345678", True),
        ("DE", "49 176 12345678", True),
        ("US", "911", True),
        ("", "1.4E+10", True),
        ("", "+49 176 FLOWERS", False),
    ],
)
def test_a_region_is_assumed_unless_the_number_names_it(country, raw, assumed):
    assert _read(country, raw).assumed_region is assumed


@pytest.mark.parametrize(
    ("country", "raw", "region"),
    [
        ("", "+44 7911 123456", "GB"),  # the metadata says Guernsey
        ("GB", "07911 123456", "GB"),
        ("GG", "07911 123456", "GG"),
        ("DE", "+44 7911 123456", "GB"),
        ("GB", "01481 960194", "GG"),  # a geographic number stays where it is
        ("", "+44 1534 512345", "JE"),
        ("", "+47 412 34 567", "NO"),
        ("SJ", "+47 412 34 567", "SJ"),
        ("", "+1 876 210 1234", "JM"),
        ("US", "+1 876 210 1234", "JM"),
        ("", "+7 701 234 5678", "KZ"),
        ("VA", "+39 06 698 12345", "VA"),
        ("", "+800 1234 5678", None),
        ("DE", "n/a", None),
    ],
)
def test_the_region_of_a_shared_country_code(country, raw, region):
    assert _read(country, raw).region == region


# ── the two outputs ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("raw", "entra"),
    [
        ("+49 (0)176 / 123 456 78", "+49 17612345678"),
        ("+1 (425) 882-8080 x9", "+1 4258828080"),
        ("+39 06 1234 5678", "+39 0612345678"),
        ("+1 876-210-1234", "+1 8762101234"),
        ("+353 87 123 4567", "+353 871234567"),
    ],
)
def test_entra_gets_one_space_after_the_country_code_and_no_other_separator(raw, entra):
    assert normalise(raw).entra == entra


def test_the_directory_gets_a_mobile_that_names_its_country():
    assert directory_phone(normalise("+49 176 12345678")) == "+49 17612345678"
    assert directory_phone(normalise("+1 425 882 8080")) == "+1 4258828080"


@pytest.mark.parametrize(
    ("country", "raw"),
    [
        ("DE", "0176 12345678"),  # assumed
        ("DE", "+49 30 12345678"),  # landline
        ("US", "+1 425 882 8080 x12"),  # behind a switchboard
        ("", "+1 800 356 9377"),
        ("", "+4912"),
        ("", ""),
    ],
)
def test_the_directory_gets_nothing_else(country, raw):
    assert directory_phone(_read(country, raw)) is None


def test_the_json_is_the_contract_of_the_command_line():
    result = normalise("+44 (0)208 123 4567 x415")
    assert json.loads(json.dumps(result.as_json())) == {
        "raw_masked": "+** (*)*** *** **** a*15",
        "status": "ok",
        "reason": None,
        "e164": "+442081234567",
        "entra": "+44 2081234567",
        "kind": "fixed_line",
        "region": "GB",
        "assumed_region": False,
        "extension": "415",
    }


def test_nothing_in_the_field_is_an_answer_too():
    result = normalise(None)
    assert (result.status, result.reason, result.kind) == ("rejected", "empty", PhoneKind.UNKNOWN)
    assert result.raw_masked == ""


def test_importing_the_module_does_not_load_the_metadata():
    code = "import sys, onboarding.domain.phone; sys.exit('phonenumbers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0
