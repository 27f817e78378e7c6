"""Codes of countries: ISO 3166-1, what HR systems use beside it, and codes that ISO 3166 has withdrawn."""

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
    "KOS": "XK",
}
#: Of these, the ones that are nothing else in small letters either.
IN_ANY_CASE = frozenset({"UK", "EL"})

#: Codes of the International Olympic Committee that are no alpha-3 code of ISO and that people type.
OLYMPIC = {
    "GER": "DE",
    "SUI": "CH",
    "NED": "NL",
    "DEN": "DK",
    "POR": "PT",
    "CRO": "HR",
    "GRE": "GR",
    "BUL": "BG",
    "UAE": "AE",
    "KSA": "SA",
    "RSA": "ZA",
}

#: Withdrawn codes (ISO 3166-3) that still mean one country. Not here: ZAR, which is a currency of another one;
#: DY, HV, JT, MI, NH, PU, PZ, RH, VD, WK, YD, withdrawn by 1990 and used for provinces and states today.
FORMER = {"BU": "MM", "BUR": "MM", "DD": "DE", "DDR": "DE", "FX": "FR", "TP": "TL", "TMP": "TL", "ZR": "CD"}
#: Withdrawn codes of countries that became several.
DISSOLVED = {
    "AN": "BQ CW SX",
    "ANT": "BQ CW SX",
    "CS": "ME RS",
    "SCG": "ME RS",
    "YU": "BA HR ME MK RS SI XK",
    "YUG": "BA HR ME MK RS SI XK",
    "CSK": "CZ SK",
    "SU": "AM AZ BY EE GE KG KZ LT LV MD RU TJ TM UA UZ",
    "SUN": "AM AZ BY EE GE KG KZ LT LV MD RU TJ TM UA UZ",
}

_CALLING = """
    211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240
    241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267
    268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378
    380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594
    595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692
    800 808 850 852 853 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971
    972 973 974 975 976 977 979 992 993 994 995 996 998
"""
#: Country codes of the telephone with three digits (ITU-T E.164; a test compares with libphonenumber). 380 is
#: Italy in ISO 3166 and Ukraine on the telephone: such a number says neither.
CALLING = frozenset(_CALLING.split())
