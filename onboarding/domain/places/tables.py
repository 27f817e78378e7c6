"""Names of countries that CLDR does not carry, and texts that name no single country.

Sources: ISO 3166-1 (English short names, inverted forms, former names of ISO 3166-3), the country list of the
United Nations, and what HR exports contain. Entries are separated by semicolons; case, accents and
punctuation do not matter. Names that CLDR carries in any language stand in `data/countries.tsv`.
"""

from __future__ import annotations

#: Texts that name several countries, or a country and something else → the countries that may be meant. They
#: stay unknown whatever CLDR says, unless the same field says which ("Korea (KR)").
AMBIGUOUS = {
    "Congo; Kongo; Конго; コンゴ; 콩고; Κονγκό; الكونغو; קונגו": "CD CG",
    "Korea; Corea; Corée; Coreia; Koreja; Kore; Корея; 朝鮮; Κορέα; كوريا": "KP KR",
    "Republic of China; 中華民國; 中华民国; Republik China; République de Chine; República de China": "CN TW",
    "Virgin Islands; Virgin Is; Jungferninseln; Îles Vierges; Islas Vírgenes; Ilhas Virgens; Isole Vergini": (
        "VG VI"
    ),
    "Saint Martin; Sankt Martin; San Martín; São Martinho; Saint-Martin island; San Martino": "MF SX",
    "Timor": "ID TL",
    "Samoa Islands; Samoas": "AS WS",
    "Guianas; Guyanas": "GF GY SR",
    "State of Georgia": "GE US",
    "Antilles; West Indies; Caribbean; Karibik": "",
    "America; Amerika; Amérique; América; North America; South America; Latin America": "",
    "Europe; Europa; Africa; Asia; Oceania; European Union; EMEA; APAC; LATAM; DACH; Benelux; Nordics": "",
    "Scandinavia; Baltics; Balkans; Middle East; Unknown; Other; International; Worldwide; Global; Remote": "",
}

#: Countries that are no more and have several successors → these. One with a single successor is an alias.
FORMER_NAMES = {
    "Yugoslavia; Jugoslavia; Jugoslawien; Yougoslavie; Југославија; Югославия": "BA HR ME MK RS SI XK",
    "Serbia and Montenegro; Serbien und Montenegro; Serbie-et-Monténégro": "ME RS",
    "Czechoslovakia; Tschechoslowakei; Tchécoslovaquie; Československo": "CZ SK",
    "Soviet Union; USSR; U.S.S.R.; UdSSR; URSS; СССР; Sowjetunion; Union of Soviet Socialist Republics": (
        "AM AZ BY EE GE KG KZ LT LV MD RU TJ TM UA UZ"
    ),
    "Netherlands Antilles; Nederlandse Antillen; Dutch Antilles; Niederländische Antillen": "BQ CW SX",
}

ALIASES = {
    "AE": "UAE; Emirates; Dubai; Abu Dhabi; VAE; EAU",
    "AR": "República Argentina; Argentine; Argentine Republic",
    "AS": "Samoa (American); American Samoa",
    "AT": "Republik Österreich",
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
        "Congo (Dem. Rep.); DR Congo; D.R. Congo; DRC; D.R.C.; RDC; Congo DRC; Congo DR; Congo RDC; "
        "Zaire; Zaïre; Democratic Republic of the Congo; "
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
    "CV": "Cabo Verde; Cape Verde; Cape Verde Islands",
    "CZ": (
        "Czech Rep.; Czech Republic; Tschechische Republik; Tschechei; Česká republika; République tchèque"
    ),
    "DE": (
        "BRD; Bundesrepublik Deutschland; Federal Republic of Germany; F.R.G.; East Germany; West Germany; "
        "German Democratic Republic; Germany, Federal Republic of"
    ),
    "DO": "Dominican Rep.; Dom. Rep.; Dominican Republic; República Dominicana; Rep. Dominicana",
    "EG": "Arab Republic of Egypt",
    "FK": "Falkland Islands (Malvinas); Falklands; Malvinas",
    "FM": "Micronesia, Fed. Sts.; Micronesia, Federated States of; Federated States of Micronesia",
    "FO": "Faeroe Islands; Faroes; Faroe",
    "GB": (
        "UK; U.K.; Great Britain; Britain; England; Scotland; Wales; Cymru; Northern Ireland; G.B.; "
        "United Kingdom of Great Britain and Northern Ireland; UK (Great Britain); Großbritannien; "
        "Grande-Bretagne; Gran Bretaña; Gran Bretagna; Grã-Bretanha; Groot-Brittannië; Storbritannien; "
        "Inglaterra; Angleterre; Schottland; Великобритания; イギリス; 英国; 英國; 영국; Anglia; "
        "İngiltere; Engeland; Inghilterra"
    ),
    "FR": "French Republic; République française; La France",
    "GA": "Gabonese Republic",
    "GM": "The Gambia",
    "GP": "La Guadeloupe",
    "GR": "Hellas; Hellenic Republic; Ελληνική Δημοκρατία",
    "GW": "Guinea Bissau",
    "HK": (
        "Hong Kong; Hongkong; HKSAR; Hong Kong S.A.R.; China Hong Kong; Hong Kong SAR China; 中国香港; "
        "Hong Kong SAR; 香港; ホンコン; 홍콩; Гонконг; Hong Kong, China"
    ),
    "HM": "Heard Island & McDonald Islands",
    "IE": "Republic of Ireland; Eire; Éire; Southern Ireland",
    "IM": "Isle of Man",
    "IN": "Bharat; Hindustan",
    "IR": "Iran, Islamic Republic of; Persia",
    "IT": "Italian Republic; Repubblica Italiana",
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
    "LB": "Lebanese Republic",
    "LK": "Ceylon",
    "LU": "Luxemburg; Grand Duchy of Luxembourg",
    "LY": "Libyan Arab Jamahiriya",
    "MD": "Moldova, Republic of; Moldavia",
    "MF": "St Martin (French); St. Martin (French part); Saint Martin (French part)",
    "MK": (
        "Macedonia; FYROM; FYR Macedonia; Former Yugoslav Republic of Macedonia; "
        "Macedonia, the former Yugoslav Republic of"
    ),
    "MM": "Burma; Birma; Birmanie; Birmania; Union of Myanmar; Union of Burma",
    "MO": (
        "Macau; Macao; 澳门; 澳門; マカオ; 마카오; Macao SAR; Macau SAR; Macao, China; Macau, China; China Macao; "
        "Macao SAR China; 中国澳门"
    ),
    "MX": "United Mexican States; Estados Unidos Mexicanos; Méjico",
    "NL": (
        "Holland; Hollande; Holanda; Olanda; Nederland; Netherlands, The; Kingdom of the Netherlands; "
        "Pays Bas"
    ),
    "PR": "Porto Rico",
    "PT": "Portuguese Republic; República Portuguesa",
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
    "SZ": "Swaziland; Swasiland; eSwatini; Kingdom of Eswatini",
    "TC": "Turks & Caicos Is",
    "TF": "French S. Terr.",
    "TG": "Togolese Republic",
    "TH": "Siam; ประเทศไทย",
    "TL": "East Timor; Timor Leste; Timor-Leste; Osttimor",
    "TR": "Turkey; Türkiye; Turkiye; Türkei; Turquie; Turquía; Turchia",
    "TW": (
        "Taiwan; Taiwan, Province of China; Taiwan, ROC; Taiwan (ROC); Taiwan, China; China Taiwan; "
        "Taiwan Province; Chinese Taipei; Formosa; 台灣; "
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
