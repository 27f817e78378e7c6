"""What else stands in phone fields: one line of an export after another, and what must become of it.

`ok` with the number, or the reason. A line that nobody can be sure of is asked about, never guessed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from onboarding.domain.phone import PhoneReason, normalise

PAGE = Path(__file__).parents[2] / "docs" / "phone.md"

#: country | as typed | E.164 or reason
DIRT = """
# placeholders and other people's data
   | n/a                              | letters
   | #N/A                             | letters
   | NULL                             | letters
   | k.A.                             | letters
   | -                                | invalid
   | ?                                | invalid
   | .                                | invalid
   | 0                                | too_short
   | 00                               | too_short
   | 0000000000                       | invalid
US | 000-000-0000                     | invalid
US | 1111111111                       | possible_only
US | 1234567890                       | possible_only
IN | 1234567890                       | possible_only
GB | 01234567890                      | possible_only
GB | 01234 567890                     | possible_only
GB | 01234 567891                     | +441234567891
FR | 01 23 45 67 89                   | +33123456789
IN | 9999999999                       | possible_only
   | +91 99999 99999                  | possible_only
DK | 11111111                         | possible_only
DK | 22222222                         | possible_only
US | 555-0100                         | too_short
   | +1 202 555 0143                  | +12025550143
   | jane@example.com                 | letters
US | 12345@example.com                | letters
   | DE89 3704 0044 0532 0130 00      | letters
   | 4111 1111 1111 1111              | no_region
DE | 4111 1111 1111 1111              | too_long
US | 123-45-6789                      | too_short
DE | 17.03.1985                       | invalid
DK | 2024-01-15                       | invalid
NO | 15/01/2024                       | invalid
DE | 1985-03-17 00:00:00              | invalid
   | 2024-01-15T08:30                 | invalid
DE | 80331                            | possible_only
DE | 30123                            | ambiguous_prefix
DE | 12345678                         | possible_only
AT | 1010                             | possible_only
LU | 51234                            | possible_only
LU | 223344                           | +352223344
NL | E100234                          | letters
# fragments
   | +49                              | too_short
   | +49 (0)                          | too_short
   | +49 30                           | too_short
   | +49 30 12                        | possible_only
   | +49 176 1234                     | possible_only
   | +1 212                           | too_short
FR | 06 12 34 56                      | too_short
   | +33 6 12 34 56 78 90             | too_long
# spreadsheets
GB | 7911123456                       | +447911123456
GB | 7911123456.0                     | +447911123456
GB | 7911123456,00                    | +447911123456
GB | 07911123456.0                    | +447911123456
GB | 7911123456.5                     | invalid
US | (212) 555-2555.0                 | +12125552555
DE | 0176 12345678.0                  | +4917612345678
DE | 030 123456.0                     | possible_only
TK | 7290.0                           | +6907290
WS | 22123.0                          | +68522123
GB | 7.911123456E9                    | scientific_notation
GB | 7,91112E+09                      | scientific_notation
GB | 7.9E+09                          | scientific_notation
   | '+447911123456                   | +447911123456
   | ="+447911123456"                 | +447911123456
   | =+447911123456                   | +447911123456
   | =1+1                             | invalid
# trunk prefixes and codes
HU | 06 30 123 4567                   | +36301234567
HU | +36 06 30 123 4567               | +36301234567
RU | 8 (912) 345-67-89                | +79123456789
RU | +7 8 912 345 67 89               | +79123456789
RU | +8 912 345 67 89                 | invalid
KZ | 8 701 234 56 78                  | +77012345678
RU | 8 701 234 56 78                  | +77012345678
BY | 8 029 123 45 67                  | +375291234567
LT | 8 612 34567                      | +37061234567
LT | 0 612 34567                      | +37061234567
TR | 532 123 45 67                    | +905321234567
TR | 5321234567                       | ambiguous_prefix
UA | +38 050 123 45 67                | +380501234567
BR | 0 15 11 91234-5678               | +5511912345678
BR | 021 11 91234 5678                | +5511912345678
BR | (0xx11) 91234-5678               | letters
BR | 0055 11 91234-5678               | +5511912345678
BR | +55 011 91234-5678               | +5511912345678
CO | 03 321 1234567                   | +573211234567
CO | 0057 321 1234567                 | +573211234567
CO | 00573517817519                   | ambiguous_prefix
MX | +52 1 55 1234 5678               | +525512345678
MX | +52 044 55 1234 5678             | +525512345678
MX | +52 01 55 1234 5678              | +525512345678
MX | 045 (55) 1234-5678               | +525512345678
MX | 1 55 1234 5678                   | ambiguous_prefix
AR | +54 9 11 15 2345 6789            | +5491123456789
AR | +54 9 011 2345 6789              | +5491123456789
AR | 011 15 2345-6789                 | +5491123456789
AR | 9 11 2345-6789                   | +5491123456789
US | 011 4923-4567                    | ambiguous_prefix
IT | 06 69812345                      | +390669812345
VA | 06 69812345                      | +390669812345
SM | 0549 886377                      | +3780549886377
SM | +378 886377                      | +3780549886377
IT | +39 0333 1234567                 | possible_only
IT | 039 333 1234567                  | too_long
CI | +225 07 07 12 34 56              | +2250707123456
UY | +598 094 231 234                 | +59894231234
AX | 018 12345                        | +3581812345
FI | 018 12345                        | +3581812345
# dialled abroad
US | 011 44 7911 123456               | +447911123456
US | 011447911123456                  | +447911123456
AU | 0011 44 7911 123456              | +447911123456
AU | 0011 64 9 234 5678               | +6492345678
AU | 00116492345678                   | +6492345678
   | 00116492345678                   | possible_only
   | 0011 202 555 0143                | ambiguous_prefix
RU | 8~10 44 7911 123456              | +447911123456
KZ | 8 10 49 176 12345678             | +4917612345678
JP | 010 44 7911 123456               | +447911123456
JP | 010-4923-4567                    | ambiguous_prefix
NG | 009 44 7911 123456               | +447911123456
NG | 009 1 284 229 6251               | +12842296251
KE | 000 44 7911 123456               | +447911123456
SG | 001 44 7911 123456               | +447911123456
SG | 001447911123456                  | ambiguous_prefix
# a + that went missing, a code that came twice
US | 6328027000                       | possible_only
PH | 6328027000                       | possible_only
   | 6328027000                       | no_region
US | 4792345678                       | ambiguous_prefix
US | 479-234-5678                     | +14792345678
IN | 9111111111                       | +919111111111
IN | 919811112222                     | ambiguous_prefix
CH | 41 79 123 45 67                  | ambiguous_prefix
   | 49 176 10042069                  | ambiguous_prefix
DE | 049 176 10042069                 | ambiguous_prefix
   | +49 49 176 10042069              | ambiguous_prefix
   | +49 +49 176 10042069             | invalid
   | +49 0049 176 10042069            | possible_only
   | +1 1 212 555 2555                | +12125552555
# shared codes
GB | 07781 123456                     | +447781123456
   | +1 787 234 5678                  | +17872345678
BQ | 318 1234                         | +5993181234
FR | 0692 12 34 56                    | possible_only
RE | 0692 12 34 56                    | +262692123456
GP | 0690 00 12 34                    | +590690001234
MA | 0528 812345                      | +212528812345
# nobody's own
US | 1-800-555-0199                   | not_a_personal_number
US | 1 (900) 555 0199                 | not_a_personal_number
DE | 0800 1234567                     | not_a_personal_number
DE | 0180 5 123456                    | not_a_personal_number
GB | 118 118                          | not_a_personal_number
FR | 3949                             | not_a_personal_number
US | 988                              | not_a_personal_number
   | +870 773 111 632                 | not_a_personal_number
   | +881 6 123 45678                 | not_a_personal_number
   | +883 510 012 345                 | not_a_personal_number
   | +888 123 456 78901               | not_a_personal_number
   | +979 1 2345 6789                 | not_a_personal_number
   | +999 123 456 789                 | invalid
# words
   | Phone: +49 176 12345678          | letters
   | Tel. +49 176 12345678            | letters
   | +49 176 12345678 mobile          | letters
   | +49 176 12345678 (ab 18 Uhr)     | letters
   | +49 176 12345678 (do not call)   | +4917612345678
   | +49 176 12345678 (Fax)           | not_a_personal_number
   | %2B4917612345678                 | letters
# more than one number
GB | 07911 123456 07911 123456        | two_numbers
IT | 0831 07 0831 07                  | two_numbers
   | +49 176 12345678 / +49 30 123456 | two_numbers
   | +1 212 555 2555/2556             | two_numbers
DE | 0176 12345678 x 301234567        | letters
"""


def test_every_line_of_the_export_becomes_what_it_must() -> None:
    wrong = []
    for line in DIRT.strip().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        country, raw, expected = (part.strip() for part in line.split("|"))
        result = normalise(raw, (country,))
        if (result.e164 or result.reason) != expected:
            wrong.append(f"{country} {raw!r}: {result.e164 or result.reason}, not {expected}")
    assert not wrong, "\n".join(wrong)


def test_the_page_shows_what_the_program_answers_and_explains_every_reason() -> None:
    text = PAGE.read_text(encoding="utf-8")
    [asked] = re.findall(r"printf '(.+?)' \| python -m onboarding phone --json", text)
    answers = [json.loads(line) for line in text.splitlines() if line.startswith('{"raw_masked"')]
    lines = [line.split("\\t") for line in asked.removesuffix("\\n").split("\\n")]
    assert [normalise(raw, (country,)).as_json() for country, raw in lines] == answers
    assert all(f"`{reason}`" in text for reason in PhoneReason)
