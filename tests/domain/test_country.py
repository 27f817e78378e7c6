# mypy: allow-untyped-defs, allow-untyped-calls
"""Countries as HR writes them: codes, names in every language, what is ambiguous, and what is none."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from importlib import resources

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onboarding.domain.places import tables as country_tables
from onboarding.domain.places.codes import CALLING, DISSOLVED, ISO, KNOWN, OTHER_CODES
from onboarding.domain.places.country import CountryReason, alpha2, read_country, usage_location
from onboarding.domain.places.keys import key
from scripts import place_index
from tests.support.tables import check


def iso_rows() -> list[list[str]]:
    text = resources.files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def test_the_codes_are_those_of_the_iana_copy_of_iso_3166():
    assert {row[0] for row in iso_rows()} == ISO


def test_every_country_is_known_by_code_and_by_its_everyday_english_name():
    for spell in (str, str.upper, str.lower):
        check({spell(code): code for code in KNOWN}, alpha2)
        check({spell(name): code for code, name in (row[:2] for row in iso_rows())}, alpha2)


def test_codes_with_three_letters_or_digits():
    check(
        {
            "DEU": "DE", "gbr": "GB", "deu": "DE", "NGA": "NG", "XKX": "XK", "GER": "DE", "SUI": "CH", "ROU": "RO",
            "840": "US", "276": "DE", "004": "AF", "826": "GB", "756": "CH", "040": "AT",
            # numeric codes that are also telephone codes: Italy or Ukraine, France or Rwanda, India or Malta
            "380": None, "250": None, "356": None, "372": None,
            "4": None, "40": None, "999": None, "0276": None, "1031": None, "49": None, "+49": None,
        },
        alpha2,
    )  # fmt: skip


def test_the_telephone_codes_are_those_of_libphonenumber():
    assert {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE if code >= 100} == CALLING


def test_codes_beside_iso_and_former_codes():
    check(
        {
            "UK": "GB", "uk": "GB", "U.K.": "GB", "EL": "GR", "XK": "XK", "IC": "ES", "ic": None,
            "BU": "MM", "TP": "TL", "ZR": "CD", "DD": "DE", "FX": "FR", "BUR": "MM", "DDR": "DE", "bu": None,
            "ZAR": None,  # Zaire, and the currency of South Africa
            "NH": None, "VD": None, "CT": None, "MI": None, "PZ": None,  # provinces and states today
        },
        alpha2,
    )  # fmt: skip


def test_a_country_that_became_several_is_none_and_its_successors_are_named():
    for text in (
        *DISSOLVED,
        "Yugoslavia",
        "Jugoslawien",
        "USSR",
        "U.S.S.R.",
        "Soviet Union",
        "Czechoslovakia",
    ):
        found = read_country(text)
        assert (found.code, found.reason) == (None, CountryReason.FORMER), text
        assert len(found.candidates) > 1
    assert read_country("AN").candidates == ("BQ", "CW", "SX")


def test_parts_of_a_country_by_code_name_their_country_and_by_name_do_not():
    check(
        {
            "GB-SCT": "GB", "GB-ENG": "GB", "US-CA": "US", "DE-BY": "DE", "CA-QC": "CA", "AU-NSW": "AU",
            "DE-BE": None,  # Berlin, or German in Belgium
            "IT-CH": None, "de-BY": None, "NO-WAY": None, "IN-OUT": None, "US-ZZ": None, "XX-YY": None,
            "California": None, "Bayern": None, "Bavaria": None, "Texas": None, "Ontario": None, "Catalonia": None,
            "New South Wales": None, "São Paulo": None, "Sicilia": None, "Hawaii": None, "Tibet": None,
            "Kurdistan": None, "New Jersey": None, "West Virginia": None, "Punjab": None, "Madeira": None,
            "London": None, "Tokyo": None, "Berlin": None, "London, UK": None, "Paris, France": None,
        },
        alpha2,
    )  # fmt: skip


def test_flags():
    check(
        {
            "🇩🇪": "DE", "🇬🇧": "GB", "🇺🇳": None, "🇽🇰": "XK", " 🇺🇸 ": "US", "🇩🇪 Germany": "DE", "Deutschland 🇩🇪": "DE",
            "🇩🇪 France": None, "🇩🇪🇫🇷": None, "🇩": None, "🏴󠁧󠁢󠁥󠁮󠁧󠁿": "GB", "🏴󠁧󠁢󠁳󠁣󠁴󠁿 Scotland": "GB",
            "🏴": None, "🏴‍☠️": None,
        },
        alpha2,
    )  # fmt: skip


SPELLINGS = """
AE: UAE; U.A.E.; Dubai; VAE | AT: Österreich; Oesterreich; osterreich; Austria; Áo; Autriche; Republik Österreich
BA: Bosnia; Bosnia-Herzegovina; Bosnia & Herzegovina; Bosnien & Herzegowina; Bosnia y Herzegovina; BiH
BO: Bolivia (Plurinational State of) | BS: Bahamas, The; The Bahamas | BR: Brasil | CH: Schweiz; Suisse; Svizzera
CD: DR Congo; DRC; Zaire; Congo (Democratic Republic of the); Congo, Dem. Rep.; Congo (Kinshasa); Congo / CD
CG: Republic of the Congo; Congo, Rep.; Congo-Brazzaville; Congo (Brazzaville)
CI: Cote d'Ivoire; Côte d’Ivoire; COTE D'IVOIRE; Ivory Coast; Cote D'Ivoire (Ivory Coast); Elfenbeinküste
CN: P.R.C.; PR China; People's Republic of China; China, People's Republic of; 中国; 中华人民共和国
CV: Cabo Verde; Cape Verde | CZ: Czech Republic; Czechia/Czech Republic; Česko; Tschechien; Czechia (Czech Republic)
DE: Germany; Deutschland; DEUTSCHLAND; Allemagne; Alemania; ドイツ; 독일; 德国; Niemcy; Γερμανία
DE: DE - Germany; Germany (DE); DE Germany; Germany DE; DEU - Germany; 276 - Germany; ＤＥ; (DE); 'Germany'; DE.
DK: Kingdom of Denmark | DO: Dominican Rep. | ES: España; Espagne; Spanien | FI: Suomi | FM: Micronesia, Fed. Sts.
FR: Frankreich; França; La France | GB: England; Scotland; Wales; Great Britain; Northern Ireland; G.B.; England, UK
GE: Georgia; საქართველო; Georgien; Géorgie; Грузия | GN: Guinea | GR: Ελλάδα; ΕΛΛΆΔΑ; Hellas; Griechenland
GM: Gambia, The | GQ: Equatorial Guinea; Guinea, Equatorial | GW: Guinea-Bissau; Guinea Bissau
HK: Hong Kong; Hong Kong SAR; Hong Kong, China; China (Hong Kong); Hong Kong S.A.R. | HU: Magyarország
IE: Ireland; Republic of Ireland; Eire | IL: ישראל | IN: भारत; Bharat | IR: Iran (Islamic Republic of); ایران
IS: Ísland; Island | JP: 日本; Japón; Nippon | KN: St Kitts & Nevis; St. Kitts and Nevis
KP: Korea, Democratic People's Republic of; North Korea; Korea (North); Korea, Dem. People's Rep.; DPRK
KR: Korea, Republic of; Korea (Republic of); South Korea; Korea (South); Korea, South; Korea (KR); 대한민국; S. Korea
LA: Lao People's Democratic Republic; Laos | LC: St. Lucia; Saint Lucia | MD: Moldova (Republic of)
MK: FYROM; FYR Macedonia; Macedonia, North; North Macedonia | MM: Burma; Myanmar (Burma); Birma
MO: Macau; Macao; Macao SAR; Macau SAR China | MF: Saint Martin (French part) | SX: Sint Maarten (Dutch part)
NL: Holland; The Netherlands; Netherlands, The; Netherlands (the); Nederland; Kingdom of the Netherlands; Pays-Bas
NL: Netherlands (Kingdom of the) | NO: Norge; Noreg | PL: Polska | PS: Palestine, State of; Palestine
RU: Россия; Russian Federation | SA: السعودية; المملكة العربية السعودية; KSA; Saudi Arabia, Kingdom of
SE: Sverige | SS: Sudan, South | SZ: Swaziland; Eswatini | TH: ไทย; ประเทศไทย | TL: East Timor; Timor-Leste
TR: Turkey; Türkiye; Turkiye; TÜRKİYE; Turkey/Türkiye; Türkiye, Republic of | TT: Trinidad & Tobago
TW: Taiwan; Taiwan, Province of China; Taiwan, China; Republic of China (Taiwan); 台灣; 臺灣 | UA: Україна
TZ: Tanzania, United Republic of; Tanzania
US: USA; U.S.A.; U.S.; US of A; United States; Amerika Serikat; Hoa Kỳ; États-Unis
US: United States (USA); United States of America (the); America, United States of; Vereinigte Staaten; 米国; США
VA: Holy See (Vatican City State) | VG: Virgin Islands, British; British Virgin Islands | VN: Viet Nam; Việt Nam
VI: Virgin Islands, U.S.; Virgin Islands (US) | WS: Samoa | AS: American Samoa; Samoa, American | XK: Kosovo; Kosova
"""


def test_hr_spellings():
    rows = (row.split(":", 1) for line in SPELLINGS.strip().splitlines() for row in line.split(" | "))
    table = {name.strip(): code.strip() for code, names in rows for name in names.split(";")}
    check(table, alpha2)


OFFICIAL = """
AF Islamic Republic of Afghanistan|AL Republic of Albania|DZ People's Democratic Republic of Algeria
AD Principality of Andorra|AO Republic of Angola|AR Argentine Republic|AM Republic of Armenia
AU Commonwealth of Australia|AT Republic of Austria|AZ Republic of Azerbaijan|BS Commonwealth of The Bahamas
BH Kingdom of Bahrain|BD People's Republic of Bangladesh|BY Republic of Belarus|BE Kingdom of Belgium
BJ Republic of Benin|BT Kingdom of Bhutan|BO Plurinational State of Bolivia|BW Republic of Botswana
BR Federative Republic of Brazil|BG Republic of Bulgaria|BI Republic of Burundi|KH Kingdom of Cambodia
CM Republic of Cameroon|TD Republic of Chad|CL Republic of Chile|CN People's Republic of China
CO Republic of Colombia|KM Union of the Comoros|CG Republic of the Congo|CD Democratic Republic of the Congo
CR Republic of Costa Rica|CI Republic of Côte d'Ivoire|HR Republic of Croatia|CU Republic of Cuba
CY Republic of Cyprus|CZ Czech Republic|DK Kingdom of Denmark|DJ Republic of Djibouti
DM Commonwealth of Dominica|DO Dominican Republic|EC Republic of Ecuador|EG Arab Republic of Egypt
SV Republic of El Salvador|GQ Republic of Equatorial Guinea|ER State of Eritrea|EE Republic of Estonia
SZ Kingdom of Eswatini|ET Federal Democratic Republic of Ethiopia|FJ Republic of Fiji|FI Republic of Finland
FR French Republic|GA Gabonese Republic|GM Republic of The Gambia|DE Federal Republic of Germany
GH Republic of Ghana|GR Hellenic Republic|GT Republic of Guatemala|GN Republic of Guinea
GW Republic of Guinea-Bissau|GY Co-operative Republic of Guyana|HT Republic of Haiti|HN Republic of Honduras
IS Republic of Iceland|IN Republic of India|ID Republic of Indonesia|IR Islamic Republic of Iran
IQ Republic of Iraq|IL State of Israel|IT Italian Republic|JO Hashemite Kingdom of Jordan
KZ Republic of Kazakhstan|KE Republic of Kenya|KI Republic of Kiribati|KR Republic of Korea
KP Democratic People's Republic of Korea|XK Republic of Kosovo|KW State of Kuwait|KG Kyrgyz Republic
LA Lao People's Democratic Republic|LV Republic of Latvia|LB Lebanese Republic|LS Kingdom of Lesotho
LR Republic of Liberia|LY State of Libya|LI Principality of Liechtenstein|LT Republic of Lithuania
LU Grand Duchy of Luxembourg|MG Republic of Madagascar|MW Republic of Malawi|MV Republic of Maldives
ML Republic of Mali|MT Republic of Malta|MH Republic of the Marshall Islands|MR Islamic Republic of Mauritania
MU Republic of Mauritius|MX United Mexican States|FM Federated States of Micronesia|MD Republic of Moldova
MC Principality of Monaco|MA Kingdom of Morocco|MZ Republic of Mozambique|MM Republic of the Union of Myanmar
NA Republic of Namibia|NR Republic of Nauru|NP Federal Democratic Republic of Nepal
NL Kingdom of the Netherlands|NI Republic of Nicaragua|NE Republic of the Niger|NG Federal Republic of Nigeria
MK Republic of North Macedonia|NO Kingdom of Norway|OM Sultanate of Oman|PK Islamic Republic of Pakistan
PW Republic of Palau|PS State of Palestine|PA Republic of Panama|PG Independent State of Papua New Guinea
PY Republic of Paraguay|PE Republic of Peru|PH Republic of the Philippines|PL Republic of Poland
PT Portuguese Republic|QA State of Qatar|RU Russian Federation|RW Republic of Rwanda
WS Independent State of Samoa|SM Republic of San Marino|ST Democratic Republic of São Tomé and Príncipe
SA Kingdom of Saudi Arabia|SN Republic of Senegal|RS Republic of Serbia|SC Republic of Seychelles
SL Republic of Sierra Leone|SG Republic of Singapore|SK Slovak Republic|SI Republic of Slovenia
SO Federal Republic of Somalia|ZA Republic of South Africa|SS Republic of South Sudan|ES Kingdom of Spain
LK Democratic Socialist Republic of Sri Lanka|SD Republic of the Sudan|SR Republic of Suriname
SE Kingdom of Sweden|CH Swiss Confederation|SY Syrian Arab Republic|TJ Republic of Tajikistan
TZ United Republic of Tanzania|TH Kingdom of Thailand|TL Democratic Republic of Timor-Leste
TG Togolese Republic|TO Kingdom of Tonga|TT Republic of Trinidad and Tobago|TN Republic of Tunisia
TR Republic of Türkiye|UG Republic of Uganda|AE United Arab Emirates|US United States of America
GB United Kingdom of Great Britain and Northern Ireland|UY Eastern Republic of Uruguay
UZ Republic of Uzbekistan|VU Republic of Vanuatu|VA Vatican City State|VE Bolivarian Republic of Venezuela
VN Socialist Republic of Viet Nam|YE Republic of Yemen|ZM Republic of Zambia|ZW Republic of Zimbabwe
"""


def test_the_official_names_of_states():
    rows = (row for line in OFFICIAL.strip().splitlines() for row in line.split("|"))
    check({row[3:]: row[:2] for row in rows}, alpha2)


def test_what_names_several_countries_is_not_guessed():
    table = {
        "Congo": ("CD", "CG"), "Kongo": ("CD", "CG"), "Congo (the)": (), "刚果": ("CD", "CG"),
        "Korea": ("KP", "KR"), "Corée": ("KP", "KR"), "Republic of China": ("CN", "TW"),
        "China, Republic of": ("CN", "TW"), "China (Republic of)": ("CN", "TW"), "Virgin Islands": ("VG", "VI"),
        "Saint Martin": ("MF", "SX"), "St. Martin": ("MF", "SX"), "State of Georgia": ("GE", "US"),
        "Timor": ("ID", "TL"), "Nga": ("NG", "RU"), "Ao": ("AO", "AT"), "America": (), "West Indies": (),
    }  # fmt: skip
    for text, candidates in table.items():
        found = read_country(text)
        assert found.code is None, text
        if candidates:
            assert (found.reason, found.candidates) == (CountryReason.AMBIGUOUS, candidates), text
    assert read_country("America").reason is CountryReason.AMBIGUOUS


@pytest.mark.parametrize("text", [None, "", "  ", "\t\n", "\u00a0"])
def test_nothing_is_empty(text):
    assert read_country(text).reason is CountryReason.EMPTY


def test_what_is_no_country_is_unknown():
    texts = """
        .; -; n/a; n.a.; N.A.; N/A; TBD; none; XX; ZZ; EU; QQ; Mars; Atlanta, Georgia; Georgia, USA; Georgia (US)
        Germany / France; Germany, France; Germany or so; US/CA; Unites States; German; British; Klingon
        Nagorno-Karabakh; Transnistria; Somaliland; Northern Cyprus; Guyane-ish; DE123456; \x00; 🏁; ...; ()
    """
    rows = [text.strip(" ") for line in texts.strip().splitlines() for text in line.split(";")]
    check(dict.fromkeys([*rows, "Germany" * 50, "(" * 100, "," * 100], CountryReason.UNKNOWN), _reason)


def _reason(text: str) -> CountryReason | None:
    return read_country(text).reason


def test_punctuation_and_invisible_marks_do_not_matter():
    check(
        dict.fromkeys(
            [
                "\u200bGermany\ufeff", "Ger\u00admany", "\u202aGermany\u202c",
                "germany.", '"Germany"', "Germany;", "GERMANY!",
                "  Germany\r\n", "Ｇｅｒｍａｎｙ", "GERMANY (Germany)", "-Germany-", "[Germany]", "\u00a0Germany",
            ],
            "DE",
        ),
        alpha2,
    )  # fmt: skip


# --- every language of CLDR -------------------------------------------------------------------------------


def test_the_file_of_names_is_what_babel_has():
    assert (place_index.DATA / "countries.tsv").read_text(encoding="utf-8") == place_index.countries(), (
        "run python -m scripts.place_index"
    )


def test_no_name_in_any_locale_is_taken_for_another_country():
    """Every name that Babel knows: it gives its country, or nothing. Nothing is rare, and each case is listed."""
    wrong, unread = [], defaultdict(set)
    for locale, names in place_index.locales("territories"):
        for territory, name in names.items():
            code = territory if territory in KNOWN else OTHER_CODES.get(territory)
            if code is None or (locale, territory) in place_index._DEFECTS:
                continue
            found = alpha2(name)
            if found is None:
                unread[key(name)].add(code)
            elif found != code:
                wrong.append((locale, territory, name, found))
    assert not wrong
    assert len(unread) < 60, sorted(unread)
    single = {name for name, codes in unread.items() if len(codes) == 1}
    meanings = {name: set(read_country(name).candidates) for name in single}
    lost = {name: codes for name, codes in meanings.items() if len(codes) == 1}
    assert not lost, "names that are refused although they mean one country"


def test_no_alias_of_ours_contradicts_cldr():
    """A curated name that CLDR has too means the same there; where it does not, it is one that we refuse."""
    cldr = place_index.country_meanings()
    for code, names in country_tables.ALIASES.items():
        for name in names.split(";"):
            assert set(cldr.get(key(name), {code})) == {code}, name


def test_a_word_of_two_languages_is_read_in_the_persons_own():
    check(
        {
            ("Kata", None): None, ("Kata", "ak"): "QA", ("Kata", "mi"): None, ("لتونی", None): None,
            ("لتونی", "fa-IR"): "LV", ("لتونی", "mzn"): "LT", ("لتونی", "de"): None, ("Congo", "es"): None,
            ("Saint-Martin", "fr"): None, ("Germany", "fr"): "DE",
        },
        alpha2,
    )  # fmt: skip


# --- properties -------------------------------------------------------------------------------------------

PIECES = [
    "Korea",
    "Republic of",
    "(",
    ")",
    ",",
    " - ",
    "/",
    "DE",
    "de",
    "US",
    "Georgia",
    "🇩🇪",
    "St.",
    "\u202e",
    "é",
]
texts = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@settings(max_examples=300, deadline=None)
@given(texts, st.none() | st.text(max_size=12))
def test_any_text_gives_a_known_code_or_a_reason(text, locale):
    found = read_country(text, locale)
    assert (found.code in KNOWN) != (found.reason is not None)
    assert set(found.candidates) <= KNOWN


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(KNOWN)),
    st.sampled_from(["  {}", "{}\n", "({})", "{}.", "\u200b{}", "{} - {}", "{}/{}"]),
)
def test_a_code_survives_what_surrounds_it(code, frame):
    assert alpha2(frame.format(code, code)) == code


def test_only_iso_codes_become_a_usage_location():
    check(
        {"UK": "GB", "Deutschland": "DE", "XK": None, "Congo": None, None: None, "PR": "PR"}, usage_location
    )


def test_a_plain_code_loads_neither_babel_nor_the_names():
    code = (
        "import sys\nfrom onboarding.domain.places import country, names\n"
        "assert country.alpha2('DE') == 'DE' and names._index.cache_info().currsize == 0\n"
        "assert country.alpha2('Allemagne') == 'DE'\n"
        "print([name for name in ('babel', 'holidays', 'phonenumbers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
