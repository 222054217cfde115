"""Text such as `> 1 cup` in, exact bounds in a fact's own unit out: a closed table of units, and no guesses.

Everything is exact (`Fraction`) until one rounding at the end, `to_double`: in whatever unit a quantity was written, it
gives the same double. Codes and factors are UCUM's (version 2.2, copyright Regenstrief Institute, ucum.org), with two
departures: what UCUM would mix and a patient must not (percentages, cell counts, pack-years, the D-dimer scales) has a
base of its own, and `U` is the biological unit of heparin and clotting factors. A factor that depends on the substance
(creatinine in umol/L) is content and comes in as `also`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from clinical_commander.errors import CaseError, ExpressionError, Mark, Problem, did_you_mean
from clinical_commander.frozen import field, frozen, replace

Dimension = tuple[tuple[str, int], ...]
"""Bases with their exponents, sorted, none of them 0: `mL/h` has (("time", -1), ("volume", 1)), `1` has ()."""


@frozen
class Unit:
    """A unit: value * factor + offset is the value in the bases of its dimension. Only `[degF]` has an offset."""

    code: str
    dimension: Dimension
    factor: Fraction
    offset: Fraction = Fraction(0)


@frozen
class ParsedQuantity:
    """What a text says, in its own unit and before any rounding; an end that is None is open ended.

    `> 200 mL` has low 200, low_open, high None; `30..60 mL` is closed at both ends; `86 %` is exact. `unit_text` is the
    unit as written, None if there is none: whether that may be so is for the fact to say.
    """

    low: Fraction | None
    high: Fraction | None
    low_open: bool
    high_open: bool
    unit_text: str | None
    exact: bool
    at: Mark | None = field(default=None, compare=False)


# The table: base of a dimension, then its units and their exact factors to the base.
_ATOMS: Final = {
    "volume": "L=1 dL=1/10 cL=1/100 mL=1/1000 cm3=1/1000 uL=1/1000000 mm3=1/1000000 "
    # The US gallon is 231 cubic inches: 16 cups, 128 ounces, 256 tablespoons, 768 teaspoons.
    "[cup_us]=0.2365882365 [foz_us]=0.0295735295625 [tbs_us]=0.01478676478125 [tsp_us]=0.00492892159375",
    "mass": "g=1 kg=1000 mg=1/1000 ug=1/1000000 ng=1/1000000000 pg=1/1000000000000 [lb_av]=453.59237",
    "amount": "mol=1 mmol=1/1000 umol=1/1000000 nmol=1/1000000000",
    "length": "m=1 cm=1/100 mm=1/1000 [in_i]=0.0254",
    # The Julian year, 365.25 d; the month is its twelfth.
    "time": "min=1 s=1/60 h=60 d=1440 wk=10080 mo=43830 a=525960",
    # UCUM defines m[Hg] as 133.3220 kPa and m[H2O] as 9.80665 kPa.
    "pressure": "kPa=1000 mm[Hg]=133.322 cm[H2O]=98.0665",
    "temperature": "Cel=1 [degF]=5/9",
    "count": "10*3=1000 10*6=1000000 10*9=1000000000 10*12=1000000000000",
    "equivalent_dose": "Sv=1 mSv=1/1000",
    "percent": "%=1",
    "pack_years": "{pack-years}=1",
    "biological_unit": "U=1",
}
_FEU_PER_VOLUME: Final[Dimension] = (("fibrinogen_equivalent_unit", 1), ("volume", -1))
_DDU_PER_VOLUME: Final[Dimension] = (("d_dimer_unit", 1), ("volume", -1))
_WHOLE: Final[Mapping[Dimension, str]] = {
    (("count", 1), ("volume", -1)): "/uL=1000000 /mm3=1000000 /L=1",
    _FEU_PER_VOLUME: "ng/mL{FEU}=1/1000000 ug/L{FEU}=1/1000000 ug/mL{FEU}=1/1000 mg/L{FEU}=1/1000",
    _DDU_PER_VOLUME: "ng/mL{DDU}=1/1000000 ug/L{DDU}=1/1000000 ug/mL{DDU}=1/1000 mg/L{DDU}=1/1000",
    (("standard_body_surface", -1), ("time", -1), ("volume", 1)): "mL/min/{1.73_m2}=1/1000",
}
# Made once, to be found at once and suggested after a slip; other products of atoms are made when they are met.
_PRODUCTS: Final = (
    "/min /h /d mL/h mL/min L/min g/dL g/L mg/dL mg/L ug/mL ug/L ng/mL pg/mL mmol/L umol/L nmol/L U/kg U/L "
    "10*3/uL 10*6/uL 10*9/L 10*12/L"
)
# Spellings, the one that is shown first; an underscore is a space. Case is kept: Mg is not mg.
_SPELT: Final = (
    "a=years,year,yrs,yr,y mo=months,month wk=weeks,week,wks d=days,day h=h,hours,hour,hrs,hr "
    "min=min,minutes,minute,mins s=s,seconds,second,secs,sec "
    "L=L,l,liters,liter,litres,litre dL=dL,dl cL=cL,cl mL=mL,ml,milliliters,milliliter,millilitres,millilitre "
    "uL=\u00b5L,ul ug=\u00b5g umol=\u00b5mol [cup_us]=cups,cup [tsp_us]=teaspoons,teaspoon,tsp "
    "[tbs_us]=tablespoons,tablespoon,tbsp [foz_us]=US_fl_oz,fl_oz [lb_av]=lb,lbs,pounds,pound [in_i]=in,inches,inch "
    "mm[Hg]=mmHg cm[H2O]=cmH2O Cel=\u00b0C,C,degC,\u2103 [degF]=\u00b0F,F,degF,\u2109 %=%,percent U=units,unit,IU "
    "{pack-years}=pack-years,pack-year,pack_years,pack_year /uL=/\u00b5L,cells/uL /mm3=/mm3,cells/mm3 "
    "/min=/min,bpm,beats/min,breaths/min,{beats}/min,{breaths}/min 10*3/uL=10\u00b3/\u00b5L,K/uL "
    "10*3=10\u00b3 10*6=10\u2076 10*9=10\u2079 10*12=10\u00b9\u00b2 "
    "mL/min/{1.73_m2}=mL/min/1.73_m\u00b2,mL/min/1.73_m2,mL/min/1.73m2"
)
# Misread or not UCUM, and what is meant.
_MEANT: Final = "mm_Hg=mmHg cm_H2O=cmH2O cc=mL mcg=ug mcL=uL gm=g Mg=mg MG=mg ML=mL Ml=mL mg%=mg/dL oz=fl_oz"
_TOKEN: Final = re.compile(r"[./]|(?:\{[^}]*\}|\[[^]]*\]|[^./{\[])+")
_MICRO: Final = {0xB5: "u", 0x3BC: "u"}
_SUPERSCRIPTS: Final = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "0123456789")
_POWER: Final = "[x\u00d7]? ?10(?:[*^]([0-9]+)|([\u00b2\u00b3\u00b9\u2070\u2074-\u2079]+))(?=/)"


class _Unreadable(Exception):
    """Cause and mend of a unit that cannot be read; whoever knows its place gives it one and a code."""

    def __init__(self, cause: str, mend: str) -> None:
        super().__init__(cause)
        self.cause, self.mend = cause, mend


def _factors(code: str) -> list[tuple[str, int]]:
    """`/min/mm[Hg]` as [("1", 1), ("min", -1), ("mm[Hg]", -1)]: as in UCUM, a sign binds the one atom after it."""
    tokens = _TOKEN.findall(f"1{code}" if code.startswith("/") else code)
    atoms, signs = tokens[::2], [".", *tokens[1::2]]
    if len(atoms) != len(signs) or any(a in "./" for a in atoms) or any(s not in "./" for s in signs):
        raise _Unreadable(f"the unit `{code}` cannot be taken apart.", "Write it as in `mL/h` or `/min`.")
    return [(atom, -1 if sign == "/" else 1) for atom, sign in zip(atoms, signs, strict=True)]


def _product(parts: Iterable[tuple[Unit, int]]) -> Unit:
    code: dict[str, int] = {}
    dimension: dict[str, int] = {}
    above, below = 1, 1
    for part, sign in parts:
        above *= part.factor.numerator if sign > 0 else part.factor.denominator
        below *= part.factor.denominator if sign > 0 else part.factor.numerator
        for base, exponent in part.dimension:
            dimension[base] = dimension.get(base, 0) + sign * exponent
        for atom, exponent in _factors(part.code):
            code[atom] = code.get(atom, 0) + sign * exponent
    code.pop("1", None)
    text = ".".join(atom for atom, exponent in code.items() for _ in range(exponent))
    text += "".join(f"/{atom}" for atom, exponent in code.items() for _ in range(-exponent))
    left = tuple(sorted((base, exponent) for base, exponent in dimension.items() if exponent))
    return Unit(text or "1", left, Fraction(above, below))


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(left, right) for left, _, right in (pair.rpartition("=") for pair in text.split())]


def _table() -> dict[str, Unit]:
    units = {"1": Unit("1", (), Fraction(1))}
    for base, atoms in _ATOMS.items():
        units |= {code: Unit(code, ((base, 1),), Fraction(factor)) for code, factor in _pairs(atoms)}
    units["[degF]"] = replace(units["[degF]"], offset=Fraction(-160, 9))  # (F - 32) * 5/9
    for code in _PRODUCTS.split():
        units[code] = _product((units[atom], sign) for atom, sign in _factors(code))
    for dimension, wholes in _WHOLE.items():
        units |= {code: Unit(code, dimension, Fraction(factor)) for code, factor in _pairs(wholes)}
    return units


UNITS: Final[Mapping[str, Unit]] = MappingProxyType(_table())
"""Every unit that has a name of its own, by its code."""

_SHOWN: Final = {code: spelt.replace("_", " ").split(",")[0] for code, spelt in _pairs(_SPELT)}
_SPELLINGS: Final = {text.replace("_", " "): code for code, spelt in _pairs(_SPELT) for text in spelt.split(",")}
_REFUSED: Final = {text.replace("_", " "): meant.replace("_", " ") for text, meant in _pairs(_MEANT)}


def unit(text: str, at: Mark | None = None) -> Unit:
    """The unit of a code or an everyday spelling: `mm[Hg]` and `mmHg`, `a` and `years`, `/min` and `bpm`.

    Args:
        text: An atom, a product of atoms (`/min/mm[Hg]`, `mL/kg/h`) or a spelling; case matters.
        at: Where it stands, for the error.

    Raises:
        ExpressionError: CC202, not in the closed table; the mend names the nearest unit, or what is meant by a spelling
            that is refused because it is misread (`cc`, `mcg`) or is not UCUM (`mm Hg`).

    >>> unit("bpm").code
    '/min'
    """
    try:
        return _unit(text)
    except _Unreadable as fault:
        raise ExpressionError(Problem("CC202", fault.cause, fault.mend, at)) from None


def _unit(text: str) -> Unit:
    known = UNITS.get(text) or UNITS.get(_SPELLINGS.get(text, ""))
    if known is not None:
        return known
    plain = _plain(text)
    if plain != text:
        return _unit(plain)
    if text in _REFUSED:
        raise _Unreadable(f"`{text}` is misread or not UCUM.", f"Write `{_REFUSED[text]}`.")
    if len(text) > 40 or not {*"/."} & {*text}:  # a product of hundreds of atoms is an attack, not a unit
        raise _unknown(text)
    parts: list[tuple[Unit, int]] = []
    for atom, sign in _factors(text):
        if atom in _REFUSED:
            mend = f"Write `{text.replace(atom, _REFUSED[atom])}`."
            raise _Unreadable(f"`{atom}` in `{text}` is misread or not UCUM.", mend)
        part = UNITS.get(_SPELLINGS.get(atom, atom))
        # A spelling may stand for a product (`bpm`), and the zero of `[degF]` has no place in one.
        if part is None or "/" in part.code or part.offset:
            raise _unknown(text)
        parts.append((part, sign))
    above, below = ({part.dimension for part, sign in parts if sign == side} - {()} for side in (1, -1))
    if above & below:
        # ug/kg/min has the dimension of a heart rate: what UCUM cancels, a patient must not mix.
        raise _Unreadable(f"the unit `{text}` divides a thing by its like.", "Use a unit in which nothing cancels out.")
    made = _product(parts)
    return UNITS.get(made.code, made)


def _plain(text: str) -> str:
    """The same unit in the letters of the table: micro signs, powers of ten, spaces, D-dimer scales."""
    plain = re.sub(r" ?([/.]) ?", r"\1", " ".join(text.split()).translate(_MICRO))
    if power := re.match(_POWER, plain):
        plain = f"10*{(power[1] or power[2]).translate(_SUPERSCRIPTS)}{plain[power.end() :]}"
    plain = re.sub(r"^([a-z]+)\{(FEU|DDU)\}/([A-Za-z]+)$", r"\1/\3{\2}", plain)
    return re.sub(r"(?<=[A-Za-z]) ?[({]?(FEU|DDU)[)}]?$", r"{\1}", plain)


def _unknown(text: str) -> _Unreadable:
    near = did_you_mean(text, [*UNITS, *_SPELLINGS])
    return _Unreadable(f"no unit `{text}`.", near or "Write a unit such as `mL`, `mmHg`, `/min`, `%` or `g/dL`.")


def same_scale(a: Unit, b: Unit) -> bool:
    """Whether a number means the same in both units, whatever they are called: `g/L` and `mg/mL`."""
    return (a.dimension, a.factor, a.offset) == (b.dimension, b.factor, b.offset)


def multiply(a: Unit, b: Unit) -> Unit:
    """The unit of a product of two values; its code is for messages, compare with `same_scale`.

    Raises:
        ExpressionError: CC291, a unit with an offset: twice 50 degrees Fahrenheit is no temperature.
    """
    return _combined(a, b, 1)


def divide(a: Unit, b: Unit) -> Unit:
    """The unit of a quotient of two values; errors as `multiply`."""
    return _combined(a, b, -1)


def dimension_product(a: Unit, b: Unit) -> Dimension:
    """The dimension of a product of two values: `mL/h` and `h` give that of `mL`."""
    return _product([(a, 1), (b, 1)]).dimension


def dimension_quotient(a: Unit, b: Unit) -> Dimension:
    """The dimension of a quotient of two values; () if they have the same."""
    return _product([(a, 1), (b, -1)]).dimension


def _combined(a: Unit, b: Unit, sign: int) -> Unit:
    for each in (a, b):
        if each.offset:
            cause = f"a value in `{each.code}` cannot be multiplied or divided: its zero is not nothing."
            raise ExpressionError(Problem("CC291", cause, "Use the temperature in `Cel`."))
    return _product([(a, 1), (b, sign)])


def convert(
    value: Decimal | Fraction | float,
    from_unit: Unit,
    to_unit: Unit,
    *,
    also: Mapping[str, Fraction] | None = None,
    at: Mark | None = None,
) -> Fraction:
    """The value in another unit, exactly.

    Args:
        value: Finite. A double is the shortest decimal that reads as it: 0.1 is a tenth, not 0.1000000000000000055.
        from_unit: The unit of `value`.
        to_unit: The unit of the result.
        also: For one fact: the code of a unit of another dimension, and the factor from it to the fact's own unit, > 0
            (`{"umol/L": 1/88.42}` for a creatinine in mg/dL). It serves conversions to the fact's own unit and from it:
            one of the two units must be the fact's own. The key's relatives (`mmol/L`) follow.
        at: Where the value stands, for the error.

    Raises:
        ExpressionError: CC290, the units measure different things; CC292, a factor of `also` is not above 0, or two of
            them disagree.
        ValueError: `value` is NaN or infinite.

    >>> convert(Decimal("98.6"), unit("[degF]"), unit("Cel"))
    Fraction(37, 1)
    """
    exact = Fraction(str(value))
    if from_unit.dimension == to_unit.dimension:
        return _rescaled(exact, from_unit, to_unit)
    found = set()
    for code, factor in (also or {}).items():
        if factor <= 0:
            raise ExpressionError(Problem("CC292", f"the factor of `{code}` is {factor}.", "Write one above 0.", at))
        other = unit(code, at)
        if other.dimension == from_unit.dimension:
            found.add(_rescaled(exact, from_unit, other) * factor)
        elif other.dimension == to_unit.dimension:
            found.add(_rescaled(exact / factor, other, to_unit))
    if len(found) == 1:
        return found.pop()
    if found:
        cause = f"the factors of {', '.join(f'`{code}`' for code in also or {})} disagree."
        raise ExpressionError(Problem("CC292", cause, "Give one factor for each kind of unit.", at))
    raise ExpressionError(Problem("CC290", *_mismatch(from_unit, to_unit), at))


def _rescaled(value: Fraction, from_unit: Unit, to_unit: Unit) -> Fraction:
    return (value * from_unit.factor + from_unit.offset - to_unit.offset) / to_unit.factor


def _mismatch(from_unit: Unit, to_unit: Unit) -> tuple[str, str]:
    cause = f"`{_shown(from_unit.code)}` does not measure the same as `{_shown(to_unit.code)}`."
    scales = {_FEU_PER_VOLUME, _DDU_PER_VOLUME}
    if {from_unit.dimension, to_unit.dimension} == scales:
        return cause, "The D-dimer scales differ by a factor of the assay: enter the value on the scale of this fact."
    if to_unit.dimension in scales and from_unit.dimension == (("mass", 1), ("volume", -1)):
        return cause, f"Say FEU or DDU, as the laboratory does: `{from_unit.code} FEU` or `{from_unit.code} DDU`."
    if to_unit.code == "1":
        return cause, "Write the plain number, without a unit."
    same = [code for code, known in UNITS.items() if known.dimension == to_unit.dimension and code != to_unit.code]
    return cause, f"Write it in {' or '.join(f'`{_shown(code)}`' for code in [to_unit.code, *same[:3]])}."


def to_double(value: Fraction, decimals: int) -> float:
    """The nearest double to the value rounded to `decimals` places, half away from zero.

    The one rounding rule. Half away from zero, as ROUND does in SQL, so that the cohort back ends can say the same; it
    is applied to the exact value, never to a double that only looks like a half. Zero has no sign.

    >>> to_double(Fraction("2.5"), 0), to_double(Fraction("-0.125"), 2)
    (3.0, -0.13)
    """
    scale: int = 10**decimals
    steps = math.floor(abs(value) * scale + Fraction(1, 2))
    # The quotient of two integers is the nearest double; a product with 0.1 would not be.
    return (-steps if value < 0 else steps) / scale


def bounds(
    parsed: ParsedQuantity,
    from_unit: Unit,
    to_unit: Unit,
    decimals: int,
    also: Mapping[str, Fraction] | None = None,
) -> tuple[float, float]:
    """The lowest and the highest value that the fact may have, as doubles in its own unit; -inf and inf if open ended.

    A strict limit speaks of the value as the fact records it. `> 200 mL` in whole mL leaves 200 out: low is the next
    double. A limit that rounding moves is closed: above 1 cup is above 236.588 mL, recorded as 237 or more.

    Args:
        parsed: From `parse_quantity`.
        from_unit: The unit of its text.
        to_unit: The fact's own.
        decimals: The fact's own, >= 0.
        also: As in `convert`.

    Raises:
        CaseError: CC604, no value is left; CC605, the units measure different things.
        ExpressionError: CC292, as `convert`.
    """
    low, high = -math.inf, math.inf
    try:
        if parsed.low is not None:
            low = _limit(convert(parsed.low, from_unit, to_unit, also=also), decimals, parsed.low_open, math.inf)
        if parsed.high is not None:
            high = _limit(convert(parsed.high, from_unit, to_unit, also=also), decimals, parsed.high_open, -math.inf)
    except ExpressionError as error:
        if error.problems[0].code != "CC290":
            raise  # a fault of the content, not of the case
        raise CaseError(replace(error.problems[0], code="CC605", at=parsed.at)) from None
    if low > high:
        raise CaseError(Problem("CC604", "no value is left in this range.", "Write the lower end first.", parsed.at))
    return low, high


def _limit(value: Fraction, decimals: int, is_open: bool, inwards: float) -> float:
    rounded = to_double(value, decimals)
    is_recordable = (value * 10**decimals).denominator == 1
    return math.nextafter(rounded, inwards) if is_open and is_recordable else rounded


_EXAMPLES: Final = "Write a number with its unit (`86 %`), a limit (`> 200 mL`), a range (`30..60 mL`) or `unknown`."
_HALVES_TO_EIGHTHS: Final = (
    "\u00bd=1/2 \u2153=1/3 \u2154=2/3 \u00bc=1/4 \u00be=3/4 \u215b=1/8 \u215c=3/8 \u215d=5/8 \u215e=7/8"
)
_VULGAR: Final = dict(_pairs(_HALVES_TO_EIGHTHS))
# [0-9] and not \d, which takes the digits of every script; 15 digits are all that a double keeps.
_NUMBER: Final = re.compile(r"([0-9]/[0-9](?![0-9.,/])|[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?) ?(.*)")
# What is written for a number, why it is refused, and the mend as a template of the match.
_FAULTS: Final = (
    (r"()", "there is no number.", _EXAMPLES),
    (r"[+-]?[0-9]+[.,][0-9]+[.,].*", "a number has one decimal point.", "Write it as in `1234.5`."),
    (r"([+-]?[0-9]+),([0-9]{3})\b(.*)", "a comma may mean thousands or decimals.", r"Write `\1\2\3` or `\1.\2\3`."),
    (r"([+-]?[0-9]+),([0-9].*)", "a comma is no decimal point.", r"Write `\1.\2`."),
    (r"[+-]?[0-9.]+[eE][+-]?[0-9].*", "an exponent is easily misread.", "Write all the digits."),
    (r"([+-]?)\.([0-9].*)", "a point without a digit before it is easily missed.", r"Write `\g<1>0.\2`."),
    (r"([+-]?[0-9]+)\.(?![0-9])(.*)", "a point without a digit after it is easily missed.", r"Write `\1\2`."),
    (r"[0-9]+ ?(?: [0-9]+/[0-9]|[\u00bc-\u00be\u2153-\u215e]).*", "a mixed number is misread.", "Use a point: `1.5`."),
    (r"([0-9]+)[ '_\u2019](?!10[*^])([0-9].*)", "digits are separated.", r"Write `\1\2`, if it is one number."),
    (r"([0-9][^-\u2013\u2014]*?) ?(?:[-\u2013\u2014]|to) ?([0-9].*)", "a range has two points.", r"Write `\1..\2`."),
    (r"[+-]?[0-9.]+ ?/ ?[0-9].*", "two numbers are no quantity.", "Write one for each fact, a part as `1/2` or `0.5`."),
    (r"[+-]?[0-9.]{16,}.*", "no measurement has so many digits.", "Write at most 15."),
    (r"[^0-9].*", "a quantity begins with a number.", _EXAMPLES),
)


def parse_quantity(text: str, at: Mark | None = None) -> ParsedQuantity:
    """What a quantity says: `86 %`, `> 200 mL`, `<= 5`, `30..60 mL`, `1 cup..2 cups`, `1/2 cup`.

    A number is digits with at most one decimal point. Refused are words, decimal commas, separated thousands, exponents
    and all fractions but halves, thirds, quarters and eighths: `120/80` is a blood pressure, `3/7` may be three days.

    Raises:
        CaseError: CC602, no such unit; CC603, the number cannot be read; CC604, a range ends before it begins.

    >>> parse_quantity("> 1/2 cup").low
    Fraction(1, 2)
    """
    plain = " ".join(text.split()).replace("\u2265", ">=").replace("\u2264", "<=")
    left, dots, right = plain.partition("..")
    if dots and not right.startswith("."):
        return _range(left.rstrip(), right.lstrip(), at)
    sign = next((sign for sign in (">=", "<=", ">", "<") if plain.startswith(sign)), "")
    value, unit_text = _number_and_unit(plain.removeprefix(sign).lstrip(), at)
    low = None if sign in ("<", "<=") else value
    high = None if sign in (">", ">=") else value
    return ParsedQuantity(low, high, sign == ">", sign == "<", unit_text, not sign, at)


def _range(left: str, right: str, at: Mark | None) -> ParsedQuantity:
    (low, left_unit), (high, right_unit) = _number_and_unit(left, at), _number_and_unit(right, at)
    if left_unit is not None and (right_unit is None or unit(left_unit) != unit(right_unit)):
        cause = f"the ends of `{left}..{right}` are not in one unit."
        raise CaseError(Problem("CC603", cause, "Write one unit, after the second number.", at))
    if low > high:
        cause = f"the range `{left}..{right}` ends before it begins."
        raise CaseError(Problem("CC604", cause, "Write the lower end first.", at))
    return ParsedQuantity(low, high, False, False, right_unit, low == high, at)


def _number_and_unit(text: str, at: Mark | None) -> tuple[Fraction, str | None]:
    problem = Problem("CC603", f"`{text}` is no quantity.", _EXAMPLES, at)
    found = _NUMBER.fullmatch(_VULGAR.get(text[:1], text[:1]) + text[1:])
    # A unit begins with a digit only if it is a power of ten: `1 500 mL` is not 1 of anything.
    number, unit_text = found.groups() if found else ("", "")
    is_power_or_no_digit = re.match(_POWER, unit_text) or not unit_text[:1].isdigit()
    if number and is_power_or_no_digit and ("/" not in number or number in _VULGAR.values()):
        try:
            if unit_text:
                _unit(unit_text)
            return Fraction(number), unit_text or None
        except _Unreadable as fault:
            problem = Problem("CC602", fault.cause, fault.mend, at)
    for pattern, cause, mend in _FAULTS:
        if match := re.fullmatch(pattern, text):
            problem = Problem("CC603", f"`{text}` cannot be read: {cause}", match.expand(mend), at)
            break
    raise CaseError(problem)


def format_quantity(value: float, unit_code: str, decimals: int) -> str:
    """The value for people, and for `parse_quantity` again: `86 %`, `104 mmHg`, `38.2 \u00b0C`, `1 year`.

    Trailing zeros are left out, as 1.0 is read as 10 (Joint Commission, "Do Not Use" list).

    Args:
        value: Finite, in `unit_code`; at most `decimals` places are shown.
        unit_code: As `unit`.
        decimals: The fact's own, >= 0.
    """
    number = f"{to_double(Fraction(str(value)), decimals):.{decimals}f}"
    number = number.rstrip("0").rstrip(".") if "." in number else number
    code = unit(unit_code).code
    shown = _shown(code)
    if number == "1" and len(shown) > 1:
        shown = shown.removesuffix("s")
    return number if code == "1" else f"{number} {shown}"


def _shown(code: str) -> str:
    return _SHOWN.get(code) or "".join(map(_shown_in_product, _TOKEN.findall(code)))


def _shown_in_product(token: str) -> str:
    if token in UNITS and UNITS[token].dimension == (("time", 1),):
        return token  # `mL/d`, not `mL/days`
    return _SHOWN.get(token) or re.sub(r"\{(FEU|DDU)\}", r" \1", token)
