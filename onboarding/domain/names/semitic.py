"""Names in Arabic and Hebrew script, which write few vowels: what is written cannot be read without knowing the name.

So the commonest names are in a table, spelled as passports and companies spell them; in every other word each
letter is written as it stands (كريم without the table would be krim). Nothing is filled in by guessing: HR's Latin
spelling, where there is one, always comes first (`names.person`).

Arabic names are spelled differently from Cairo to Lahore. The table has the commonest spelling for Arabic, and
Persian's and Urdu's own where they differ. Single letters: BGN/PCGN 1956 (Arabic), 1958 (Persian) and 2018 (Hebrew),
without marks.
"""

from __future__ import annotations

import re

from onboarding.domain.names.alphabets import pairs, replace

_ARABIC_TEXT = """
    محمد mohammed احمد ahmed محمود mahmoud علی ali حسن hassan حسین hussein عبدالله abdullah
    عبدالرحمن abdulrahman عبدالعزیز abdulaziz عبدالکریم abdulkarim عبدالحمید abdulhamid عبد abd
    ابراهیم ibrahim ابراهيم ibrahim اسماعیل ismail یوسف youssef موسی musa عیسی issa داود dawood
    سلیمان sulaiman عمر omar عثمان othman خالد khalid طارق tariq سعید said سعد saad سعود saud فهد fahad
    فیصل faisal ترکی turki بندر bandar ناصر nasser منصور mansour مصطفی mustafa مرتضی murtada کریم karim
    رحیم rahim رشید rashid رضا reda جمال jamal کمال kamal جلال jalal بلال bilal نبیل nabil عادل adel
    ماجد majid ولید walid وليد walid حمد hamad حامد hamid حمید hamid حمزه hamza حمزة hamza زید zaid
    زیاد ziad ایمن ayman انس anas اسامه osama اسامة osama هشام hisham هیثم haitham بدر badr صالح saleh
    صلاح salah سالم salem سلمان salman سلیم salim جاسم jassim قاسم qasim باسم basim عصام essam
    شریف sharif لطیف latif فاطمه fatima فاطمة fatima عایشه aisha عائشة aisha خدیجه khadija خديجة khadija
    مریم maryam زینب zainab لیلی layla نوره noura نورة noura نور nour ساره sara سارة sara هدی huda
    سلمی salma اسماء asma امینه amina امینة amina هند hind رانیا rania دینا dina زهرا zahra زهراء zahra
    رقیه ruqayya سمیره samira سميرة samira جمیله jamila نادیه nadia حداد haddad خوری khoury مصری masri
    فارسی farsi حربی harbi غامدی ghamdi قحطانی qahtani عتیبی otaibi زهرانی zahrani شمری shammari
    هاشمی hashimi انصاری ansari خان khan شاه shah ملک malik
"""
_PERSIAN_TEXT = """
    محمد mohammad احمد ahmad حسین hossein حسن hasan فاطمه fatemeh زهرا zahra رضا reza یوسف yousef
    محمود mahmoud مهدی mehdi امیر amir سعید saeed مجید majid حمید hamid نرگس narges مریم maryam
    لیلا leila الهام elham سمیه somayeh رضایی rezaei کریمی karimi موسوی mousavi صادق sadegh قاسم ghasem
    عباس abbas اکبر akbar اصغر asghar اسماعیل esmaeil شیرین shirin پروین parvin فرهاد farhad
    بهرام bahram کاظمی kazemi جعفر jafar نجفی najafi شریف sharif هاشمی hashemi سلیمان soleiman
    عثمان osman طاهره tahereh زینب zeinab معصومه masoumeh خدیجه khadijeh نوری nouri تهرانی tehrani
"""
_URDU_TEXT = """
    محمد muhammad احمد ahmed حسین hussain حسن hasan یوسف yousuf عثمان usman عمران imran بتول batool
    فاطمہ fatima عائشہ ayesha بیگم begum اقبال iqbal جاوید javed پرویز pervez نواز nawaz شریف sharif
    بھٹو bhutto زرداری zardari اختر akhtar حیدر haider رضا raza قریشی qureshi چوہدری chaudhry بٹ butt
    اعوان awan صدیقی siddiqui عباسی abbasi محمود mahmood فیصل faisal ندیم nadeem سلیم saleem وسیم wasim
"""
_HEBREW_TEXT = """
    גוריון gurion
    דוד david משה moshe יוסף yosef יעקב yaakov אברהם avraham יצחק yitzhak שרה sara שלמה shlomo
    דניאל daniel מיכאל michael שמואל shmuel אליהו eliyahu חיים haim מאיר meir נועה noa תמר tamar
    רחל rachel לאה leah רבקה rivka אסתר ester מרים miriam יעל yael מיכל michal רות ruth חנה hana
    שירה shira מאיה maya עדי adi טל tal גל gal איתי itay אורי uri עומר omer יונתן yonatan נועם noam
    אריאל ariel בנימין benjamin גיא guy רון ron עמית amit אביב aviv שרון sharon יהודה yehuda אהרן aharon
    כהן cohen לוי levi מזרחי mizrahi פרץ peretz ביטון biton דהן dahan אברהמי avrahami פרידמן friedman
    אזולאי azoulay מלכה malka כץ katz גבאי gabay חדד hadad עמר amar שפירא shapira גולן golan
    רוזנברג rosenberg גולדברג goldberg ברק barak נתניהו netanyahu ישראל israel ישראלי israeli יוסי yossi
    בן ben בר bar אלון alon ויצמן weizman פרס peres שמיר shamir
"""


def _pairs(text: str) -> dict[str, str]:
    return {_plain(name): spelled for name, spelled in pairs(text).items()}


def _plain(word: str) -> str:
    """One form for letters that Arabic, Persian and Urdu keyboards write differently; short vowels are left out."""
    return re.sub("[\u0610-\u061a\u064b-\u065f\u0670\u0640\u0591-\u05c7]", "", word).translate(_FORMS)


_FORMS = str.maketrans("أإآٱىيكۀہھةۃےؤئ", "ااااییکهههههیوی")

_ARABIC = _pairs(_ARABIC_TEXT)
_TABLES = {
    "fa": _ARABIC | _pairs(_PERSIAN_TEXT),
    "ur": _ARABIC | _pairs(_URDU_TEXT),
    "ps": _ARABIC | _pairs("احمد ahmad محمد mohammad حسین hussain"),
}
_HEBREW = _pairs(_HEBREW_TEXT)
#: Endings that make family names of names (محمدی mohammadi, محمدزاده mohammadzadeh).
_ENDINGS = {"ی": "i", "زاده": "zadeh", "پور": "pour", "نیا": "nia", "یان": "ian", "نژاد": "nejad"}

_LETTERS = {
    "ا": "a", "ب": "b", "پ": "p", "ت": "t", "ٹ": "t", "ث": "th", "ج": "j", "چ": "ch", "ح": "h", "خ": "kh", "د": "d",
    "ڈ": "d", "ذ": "dh", "ر": "r", "ڑ": "r", "ز": "z", "ژ": "zh", "س": "s", "ش": "sh", "ص": "s", "ض": "d", "ط": "t",
    "ظ": "z", "ع": "a", "غ": "gh", "ف": "f", "ق": "q", "ک": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "ں": "n",
    "ه": "h", "ء": "",
}  # fmt: skip
_PERSIAN_LETTERS = {"ث": "s", "ذ": "z", "ض": "z", "ق": "gh"}
#: Yiddish writes its vowels (YIVO); names from Hebrew keep their Hebrew spelling and are in the table.
_YIDDISH = {
    "אַ": "a", "אָ": "o", "א": "", "ע": "e", "וו": "v", "װ": "v", "וי": "oy", "ױ": "oy", "ו": "u",
    "יי": "ey", "ײ": "ey", "ײַ": "ay", "יִ": "i", "י": "i", "פּ": "p", "פֿ": "f", "פ": "f", "ף": "f",
    "כ": "kh", "ך": "kh", "ח": "kh", "צ": "ts", "ץ": "ts", "ת": "s", "תּ": "t", "ש": "sh", "שׂ": "s",
}  # fmt: skip
_HEBREW_ORDER = "אבגדהזחטכךלמםנןסעפףצץקרשת"
_HEBREW_LETTERS_TEXT = "a b g d h z h t k ch l m m n n s a p f tz tz k r sh t"
_HEBREW_LETTERS = dict(zip(_HEBREW_ORDER, _HEBREW_LETTERS_TEXT.split(), strict=True))
#: Languages of this script that write their vowels; one letter at a time is right for them.
_FULLY_WRITTEN = frozenset(("ckb", "ku", "ug", "ks"))
_ARABIC_RUN = re.compile("[\u0610-\u061a\u0620-\u065f\u066e-\u06d5\u06fa-\u06ff]+")
_HEBREW_RUN = re.compile("[\u0591-\u05c7\u05d0-\u05f2]+")


def arabic(text: str, language: str) -> str:
    """`text` with every run of Arabic script in Latin letters; all else as it is."""
    if language in _FULLY_WRITTEN or re.search("[ێۆەڕڵ]", text):
        return text
    joined = re.sub(r"(?<!\w)عبد\s+(?=ال)", "عبد", text)  # عبد الله is one name
    return _ARABIC_RUN.sub(lambda match: _arabic(_plain(match[0]), language), joined)


def _arabic(word: str, language: str) -> str:
    known = _TABLES.get(language, _ARABIC)
    if word in known:
        return known[word]
    if language not in _TABLES and word.startswith("ال") and len(word) > 3:
        return "al" + _arabic(word[2:], language)
    for ending, spelled in _ENDINGS.items():
        stem = word.removesuffix(ending)
        if stem != word and stem in known:
            return known[stem] + spelled
    letters = _LETTERS | _PERSIAN_LETTERS if language == "fa" else _LETTERS
    return _spelled(word, letters, "w" if language not in _TABLES else "v", "و", "ی")


def _spelled(word: str, letters: dict[str, str], w: str, waw: str, yod: str) -> str:
    """Letter by letter; waw and yod are consonants at the start and before alef, else vowels."""
    out = ""
    for index, char in enumerate(word):
        consonant = index == 0 or word[index + 1 : index + 2] in {"ا", "א"}
        if char == waw:
            out += w if consonant else "u"
        elif char == yod:
            out += "y" if consonant else "i"
        else:
            out += letters.get(char, char)
    return re.sub("(a|i|u)\\1+", r"\1", out)


def hebrew(text: str, language: str) -> str:
    """`text` with every run of Hebrew script in Latin letters; all else as it is."""
    return _HEBREW_RUN.sub(lambda match: _hebrew(match[0], language), text)


def _hebrew(run: str, language: str) -> str:
    word = _plain(run)
    if word in _HEBREW:
        return _HEBREW[word]
    if language == "yi":
        spelled = replace(run, _YIDDISH)
        return _plain("".join(_HEBREW_LETTERS.get(char, char) for char in spelled))
    spelled = _spelled(word, _HEBREW_LETTERS, "v", "ו", "י")
    return re.sub("h$", "a", spelled) if word.endswith("ה") else spelled
