"""Tables for `country_names`: codes, everyday and official names that CLDR does not carry, ambiguous texts.

Sources: ISO 3166-1 (English short names, inverted forms, former names of ISO 3166-3), the country list of the
United Nations, and what HR exports contain. Entries are separated by semicolons; case, accents and
punctuation do not matter.
"""

from __future__ import annotations

_ISO = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
#: The 249 officially assigned codes of ISO 3166-1 (a test compares with iso3166.tab of the IANA database).
ISO = frozenset(_ISO.split())
#: Beside ISO: Kosovo's user-assigned code, which CLDR and most HR systems use.
KNOWN = ISO | {"XK"}

#: Codes that are no country of their own: reserved exceptionally by ISO, or used by HR systems for one.
OTHER_CODES = {
    "UK": "GB",
    "EL": "GR",
    "AC": "SH",
    "TA": "SH",
    "IC": "ES",
    "EA": "ES",
    "DG": "IO",
    "CP": "FR",
    "CQ": "GG",
    "GB-ENG": "GB",
    "GB-SCT": "GB",
    "GB-WLS": "GB",
    "GB-NIR": "GB",
    "XKX": "XK",
    "KOS": "XK",
}

_LANGUAGES = """
    en de fr es it pt pt_PT nl sv da nb fi is et lv lt pl cs sk sl hr sr sr_Latn bs mk sq bg ro hu
    el tr ru uk be ka hy az kk ar he fa ur hi bn ta th vi id ms fil ja ko zh zh_Hant ca eu gl ga cy
    lb af sw
"""
#: CLDR languages whose territory names are understood. Loading them takes about a quarter of a second, once.
LANGUAGES = tuple(_LANGUAGES.split())

#: Texts that name two countries, or a country and something else. They stay None whatever CLDR says.
AMBIGUOUS = (
    "Congo; Kongo; Republic of China; Korea; Corea; Corée; Coreia; Koreja; Kore; Virgin Islands; "
    "America; Europe; Africa; Asia; Oceania; Yugoslavia; Czechoslovakia; Soviet Union; USSR; "
    "Serbia and Montenegro; Netherlands Antilles; European Union; Scandinavia; Caribbean; Unknown; "
    "Other; International; Worldwide"
)

ALIASES = {
    "AE": "UAE; Emirates; Dubai; Abu Dhabi; VAE; EAU",
    "AR": "República Argentina; Argentine; Argentine Republic",
    "AS": "Samoa (American)",
    "AX": "Aland",
    "BA": "Bosnia; BiH; Bosnien",
    "BF": "Upper Volta",
    "BJ": "Dahomey",
    "BN": "Brunei Darussalam",
    "BO": "Bolivia, Plurinational State of",
    "BQ": "Caribbean NL; Bonaire, Sint Eustatius and Saba",
    "BR": "Brasil",
    "BY": "Belorussia; Byelorussia; Weißrussland",
    "CD": (
        "Congo (Dem. Rep.); DR Congo; DRC; RDC; Zaire; Zaïre; Democratic Republic of the Congo; "
        "Congo, Democratic Republic of the; Congo-Kinshasa; Congo (Kinshasa); "
        "Congo, The Democratic Republic of the; Demokratische Republik Kongo"
    ),
    "CF": "Central African Rep.",
    "CG": (
        "Congo (Rep.); Congo, Rep.; Republic of the Congo; Congo, Republic of the; Congo-Brazzaville; "
        "Congo (Brazzaville); Republik Kongo"
    ),
    "CH": "Swiss Confederation; Confoederatio Helvetica; Suisse; Svizzera; Svizra",
    "CI": "Ivory Coast; Cote d'Ivoire; Elfenbeinküste",
    "CN": (
        "PRC; People's Republic of China; P.R. China; PR China; Mainland China; China, People's Republic of"
    ),
    "CV": "Cabo Verde; Cape Verde",
    "CZ": (
        "Czech Rep.; Czech Republic; Tschechische Republik; Tschechei; Česká republika; République tchèque"
    ),
    "DE": "BRD; Bundesrepublik Deutschland; Federal Republic of Germany",
    "DO": "Dominican Rep.; República Dominicana",
    "EG": "Arab Republic of Egypt",
    "FK": "Falkland Islands (Malvinas); Falklands; Malvinas",
    "FM": "Micronesia, Fed. Sts.; Micronesia, Federated States of; Federated States of Micronesia",
    "FO": "Faeroe Islands; Faroes",
    "GB": (
        "UK; U.K.; Great Britain; Britain; England; Scotland; Wales; Cymru; Northern Ireland; G.B.; "
        "United Kingdom of Great Britain and Northern Ireland; UK (Great Britain); Großbritannien; "
        "Grande-Bretagne; Gran Bretaña; Gran Bretagna; Grã-Bretanha; Groot-Brittannië; Storbritannien; "
        "Inglaterra; Angleterre; Schottland; Великобритания; イギリス; 英国; 英國; 영국; Anglia; "
        "İngiltere; Engeland; Inghilterra"
    ),
    "GM": "The Gambia",
    "GP": "La Guadeloupe",
    "GR": "Hellas; Hellenic Republic; Ελληνική Δημοκρατία",
    "GW": "Guinea Bissau",
    "HK": "Hong Kong; Hongkong; HKSAR; Hong Kong SAR; 香港; ホンコン; 홍콩; Гонконг; Hong Kong, China",
    "HM": "Heard Island & McDonald Islands",
    "IE": "Republic of Ireland; Eire; Éire; Southern Ireland",
    "IM": "Isle of Man",
    "IN": "Bharat; Hindustan",
    "IR": "Iran, Islamic Republic of; Persia",
    "JP": "Nippon; Nihon; 日本国; にほん; ニッポン",
    "KG": "Kyrgyz Republic; Kirghizia",
    "KH": "Kampuchea",
    "KN": "Saint Kitts and Nevis; St Kitts",
    "KP": (
        "Korea, Dem. People's Rep.; North Korea; Korea, Democratic People's Republic of; "
        "Democratic People's Republic of Korea; DPRK; Korea, North; Korea (North); Korea DPR"
    ),
    "KR": (
        "Korea (Rep.); Korea Rep; South Korea; Korea, Republic of; Republic of Korea; ROK; Korea, South; "
        "Korea (South); Korea Republic; 대한민국; 한국; Südkorea; S. Korea"
    ),
    "LA": "Lao People's Democratic Republic; Lao PDR; Lao",
    "LK": "Ceylon",
    "LU": "Luxemburg; Grand Duchy of Luxembourg",
    "LY": "Libyan Arab Jamahiriya",
    "MD": "Moldova, Republic of; Moldavia",
    "MF": "St Martin (French); St. Martin (French part); Saint Martin (French part)",
    "MK": (
        "Macedonia; FYROM; Former Yugoslav Republic of Macedonia; Macedonia, the former Yugoslav Republic of"
    ),
    "MM": "Burma; Birma; Birmanie; Birmania",
    "MO": "Macau; Macao; 澳门; 澳門; マカオ; 마카오; Macao SAR",
    "MX": "United Mexican States; Estados Unidos Mexicanos; Méjico",
    "NL": (
        "Holland; Hollande; Holanda; Olanda; Nederland; Netherlands, The; Kingdom of the Netherlands; "
        "Pays Bas"
    ),
    "PR": "Porto Rico",
    "PS": (
        "Palestine, State of; State of Palestine; Palestine; Palestinian Territory; "
        "Palestinian Territory, Occupied; West Bank and Gaza; Palästina; Gaza"
    ),
    "RE": "La Réunion",
    "RU": (
        "Russian Federation; Russian Fed.; Russische Föderation; Российская Федерация; Fédération de Russie"
    ),
    "SA": "السعودية; KSA; K.S.A.; Kingdom of Saudi Arabia",
    "SH": "Saint Helena, Ascension and Tristan da Cunha",
    "SK": "Slovak Republic; Slowakische Republik; Slovenská republika",
    "ST": "Sao Tome",
    "SX": "St Maarten (Dutch); Sint Maarten (Dutch part); St. Maarten",
    "SY": "Syrian Arab Republic",
    "SZ": "Swaziland; Swasiland; eSwatini",
    "TC": "Turks & Caicos Is",
    "TF": "French S. Terr.",
    "TH": "Siam; ประเทศไทย",
    "TL": "East Timor; Timor Leste; Timor-Leste; Osttimor",
    "TR": "Turkey; Türkiye; Turkiye; Türkei; Turquie; Turquía; Turchia",
    "TW": (
        "Taiwan; Taiwan, Province of China; Taiwan, ROC; Taiwan (ROC); Chinese Taipei; Formosa; 台灣; "
        "台湾; 臺灣"
    ),
    "TZ": "Tanzania, United Republic of; United Republic of Tanzania",
    "UM": "US minor outlying islands; United States Minor Outlying Islands",
    "US": (
        "USA; U.S.; U.S.A.; United States of America; America, United States of; The States; US of A; "
        "United States (USA); États-Unis d'Amérique; Estados Unidos de América; "
        "Estados Unidos da América; Vereinigte Staaten von Amerika; Stati Uniti d'America; EUA; EEUU; "
        "EE.UU.; E.E.U.U.; США; ABD; アメリカ; アメリカ合衆国; 米国; 美国; 美國; 미국; "
        "Verenigde Staten van Amerika; Соединённые Штаты Америки; VSA; Соединенные Штаты"
    ),
    "VA": "Holy See; Holy See (Vatican City State); Vatican; Vatican City State",
    "VC": "St Vincent",
    "VE": "Venezuela, RB; Venezuela, Bolivarian Republic of",
    "VG": (
        "Virgin Islands (UK); Virgin Islands, British; British Virgin Islands; BVI; Virgin Islands (British)"
    ),
    "VI": "Virgin Islands, U.S.; US Virgin Islands; USVI; Virgin Islands (U.S.)",
    "VN": "Viet Nam; Socialist Republic of Vietnam; Viet-Nam",
    "WS": "Samoa (western); Western Samoa",
    "XK": "Republic of Kosovo; Kosova",
    "ZA": "RSA; Republic of South Africa; Suid-Afrika",
    "ZW": "Rhodesia",
}
