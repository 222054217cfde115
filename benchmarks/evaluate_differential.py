"""The differential evaluated: results as JSON, docs/differential-evaluation.md and its pictures.

python -m benchmarks.evaluate_differential                     everything anew (several minutes)
python -m benchmarks.evaluate_differential --only published    one part anew, the others as they were
python -m benchmarks.evaluate_differential --only none         the page from the results
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import calibration as c
from benchmarks.interviews import PARTS, Interview, Interviewer, shares
from benchmarks.published import TOPS, ranks, tops
from benchmarks.reliability_plot import plot
from benchmarks.simulated import Simulator, independent, unknown_as_absent
from benchmarks.simulated_cases import Cases, cohort
from clinical_commander.bayes.posterior import Network
from clinical_commander.dossier.library import open_dossier
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.differential import Differentials

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("differential-evaluation.json")
PAGE = REPOSITORY / "docs" / "differential-evaluation.md"
IMAGES = REPOSITORY / "docs" / "images"
PATIENTS, ASKED = 20_000, 150
SEED = 2026
PRIORS = (("ed_high_income", "ed", "high_income"), ("ed_tb_endemic", "ed", "tb_endemic"))

Result = dict[str, Any]


def network_of(differentials: Differentials, prior: str) -> Network:
    """The network of one prior, by its id."""
    return differentials.network(next(row for row in differentials.content.priors if row.id == prior))


# --- calibration


def calibration(engine: Engine, patients: int = PATIENTS) -> Result:
    """Scores of simulated patients under two priors, with less and less evidence, and of two wrong networks."""
    d = engine.differentials
    assert d is not None
    found: Result = {"patients": patients, "causes": list(d.place), "priors": {}, "wrong": []}
    for prior, _, _ in PRIORS:
        network = network_of(d, prior)
        drawn = list(Simulator(network).patients(SEED, patients))
        rows = found["priors"][prior] = {}
        for part in c.PARTS:
            scored = c.scores(list(c.forecasts(network, drawn, part, SEED, d.counted)))
            rows[f"{part:.0%}"] = _scores(scored, each=part == 0.5)
        if prior != PRIORS[0][0]:
            continue
        for name, part, one, reading in _wrong(d, network):
            scored = c.scores(list(c.forecasts(one, drawn, part, SEED, reading)))
            found["wrong"].append({"name": name, "part": f"{part:.0%}", **_scores(scored)})
    return found


def _wrong(d: Differentials, network: Network) -> Iterator[tuple[str, float, Network, c.Reading]]:
    """Networks and readings that are wrong on purpose, each with how much is known."""
    yield "as if no finding depended on another", 1.0, independent(network), d.counted
    absent = "what nobody looked for read as absent"
    yield absent, 0.5, network, lambda known: d.counted(unknown_as_absent(network, known))


def _scores(found: c.Scores, each: bool = False) -> Result:
    data: Result = {
        "brier": round(found.brier, 4),
        "log": round(found.log, 4),
        "worst_z": round(found.worst_z, 2),
        "chi_square": round(found.chi_square, 1),
        "bins": [_bin(b) for b in found.bins],
    }
    if each:
        data["z"] = [round(z, 2) for z in found.z]
        data["bins_of"] = [[_bin(b) for b in bins] for bins in found.bins_of]
    return data


def _bin(b: c.Bin) -> Result:
    low, high = b.interval
    values = {"forecast": b.forecast, "observed": b.observed, "low": max(0.0, low), "high": high}
    return {"count": b.count, **{key: round(value, 4) for key, value in values.items()}}


# --- questions


def questions(engine: Engine, count: int = ASKED) -> Result:
    """What three ways to ask take, and what they decide, over simulated patients of two regions."""
    ways: dict[str, list[Interview]] = {"next": [], "inputs": [], "oracle": []}
    everything, burdens, lost = [], {way: [] for way in ways}, {}
    causes: list[str] = []
    units = inputs = 0
    for prior, setting, region in PRIORS:
        cases = Cases(engine, setting, region)
        asker = Interviewer(cases)
        units, inputs = asker.units(), len(asker.inputs)
        drawn = Simulator(network_of(cases.differentials, prior)).patients(SEED, 10**9)
        patients, dropped = cohort(cases, drawn, SEED, count)
        lost[prior] = dict(sorted(dropped.items()))
        for patient in patients:
            everything.append(asker.decisions(patient.world))
            causes.append(cases.differentials.causes[patient.patient.cause].id)
            in_order, oracle = asker.in_order(patient)
            for way, interview in (("next", asker.best_first(patient)), ("inputs", in_order), ("oracle", oracle)):
                ways[way].append(interview)
                burdens[way].append(asker.burden(interview.facts))
    rows = {}
    for way, found in ways.items():
        told = [interview.end.shares[cause] for interview, cause in zip(found, causes, strict=True)]
        rows[way] = {
            "asks": round(statistics.mean(i.asks for i in found), 1),
            "most": max(i.asks for i in found),
            "facts": round(statistics.mean(len(i.facts) for i in found), 1),
            "burden": round(statistics.mean(burdens[way]), 2),
            "same": {part: round(share, 3) for part, share in shares(found, everything).items()},
            "share_of_the_true_cause": round(statistics.mean(told), 3),
        }
    differ = [_differs(i, all_known) for i, all_known in zip(ways["next"], everything, strict=True)]
    counted: dict[str, int] = {}
    for name in itertools.chain.from_iterable(differ):
        counted[name] = counted.get(name, 0) + 1
    return {
        "patients": len(everything), "inputs": inputs, "units": units, "lost": lost, "ways": rows,
        "differs": dict(sorted(counted.items(), key=lambda kv: (-kv[1], kv[0]))),
    }  # fmt: skip


def _differs(interview: Interview, wanted: Any) -> Iterator[str]:
    """What `next` would have decided otherwise had everything been known."""
    for action, state in sorted(wanted.at_once ^ interview.end.at_once):
        missed = (action, state) in wanted.at_once
        yield f"at once: {action} at `{state}` {'missed' if missed else 'too much'}"
    for cause, zones in wanted.zones.items():
        ours = interview.end.zones[cause]
        if ours != zones:
            names = (" or ".join(str(z) for z in found) for found in (ours, zones))
            yield "zone of {}: {} instead of {}".format(cause, *names)


# --- published patients


def published(engine: Engine) -> Result:
    """The rank of the true cause of each published patient."""
    rows = [
        {
            "case": r.case, "cause": r.cause, "prior": r.prior, "rank": r.rank, "probability": round(r.probability, 4),
            "rank_supported": r.rank_supported, "known": r.known, "known_supported": r.known_supported,
        }
        for r in ranks(engine)
    ]  # fmt: skip
    return {"rows": rows}


# --- the page


def page(results: Result) -> str:
    """The page that says what came out."""
    lines = [
        "<!-- Written by python -m benchmarks.evaluate_differential. Do not edit. -->",
        "# The differential evaluated",
        "",
        *_paragraph(
            "Unreviewed content, for evaluation. How well the differential computes, how its questions compare with",
            "asking everything, and what it makes of published patients. How to read the differential itself:",
            "[differential.md](differential.md).",
        ),
        *_calibration_lines(results["calibration"]),
        *_question_lines(results["questions"]),
        *_published_lines(results["published"]["rows"]),
    ]
    return "\n".join(lines)


SIMULATED = "**Simulated from the model itself: shows that the arithmetic is right, not that the figures are.**"


def _paragraph(*parts: str) -> list[str]:
    return [*textwrap.wrap(" ".join(parts), 120, break_long_words=False, break_on_hyphens=False), ""]


def _table(*heads: str) -> list[str]:
    return [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]


def _calibration_lines(found: Result) -> Iterator[str]:
    yield from ("## Calibration", "", SIMULATED, "")
    yield from _paragraph(
        f"{found['patients']:,} patients for each prior: a cause from the prior, then every finding by how often",
        "that cause shows it. Part of the findings is dropped at random. Brier score: squared error summed over the",
        "causes, 0 to 2. Log score: mean of -ln of what the true cause was given. *Largest z*: Spiegelhalter's z, the",
        "largest of fifteen causes; calibrated forecasts stay below about 3. *Chi square*: over the tenths of all",
        "forecasts, about 10 or less where they are calibrated; 35.6 is passed once in 10,000.",
    )
    yield from _table("prior", "findings known", "Brier", "log", "largest z", "chi square")
    for prior, rows in found["priors"].items():
        for part, row in rows.items():
            yield f"| `{prior}` | {part} | {_cells(row)} |"
    yield ""
    yield from _paragraph(
        "Less evidence makes forecasts less sharp, and they stay calibrated: what is missing is summed over, never",
        "read as absent. At 0% the z is that of the draw alone: how far the causes drawn are from the prior. Two that",
        "are wrong on purpose fail the same test on the same patients",
        f"(`{PRIORS[0][0]}`):",
    )
    yield from _table("wrong on purpose", "findings known", "Brier", "log", "largest z", "chi square")
    for row in found["wrong"]:
        yield f"| {row['name']} | {row['part']} | {_cells(row)} |"
    yield from (
        "",
        "![What was forecast against what came true, with less and less evidence](images/reliability.svg)",
        "",
        f"Each cause by itself, half of the findings known (`{PRIORS[0][0]}`):",
        "",
        "![What was forecast against what came true, for each cause](images/reliability-by-cause.svg)",
        "",
        *_table("cause", "z", "forecasts below 0.1", "mean", "came true", "forecasts from 0.5", "mean", "came true"),
    )
    half = found["priors"][PRIORS[0][0]]["50%"]
    for cause, z, bins in zip(found["causes"], half["z"], half["bins_of"], strict=True):
        low = [b for b in bins if b["forecast"] < 0.1]
        high = [b for b in bins if b["forecast"] >= 0.5]
        yield f"| `{cause}` | {z:g} | {_pooled(low)} | {_pooled(high)} |"
    yield ""


def _cells(row: Mapping[str, Any]) -> str:
    return f"{row['brier']:.3f} | {row['log']:.3f} | {row['worst_z']:.1f} | {row['chi_square']:.1f}"


def _pooled(bins: Sequence[Mapping[str, Any]]) -> str:
    n = sum(b["count"] for b in bins)
    if not n:
        return "0 | | "
    said, came = (sum(b["count"] * b[key] for b in bins) / n for key in ("forecast", "observed"))
    return f"{n} | {said:.4f} | {came:.4f}"


WAYS = {
    "next": "(a) `commander next` until it stops",
    "inputs": "(b) the {inputs} inputs of the dossier in its order",
    "oracle": "(c) the same, stopped by an oracle when nothing decided changes any more",
}


def _question_lines(found: Result) -> Iterator[str]:
    ways = found["ways"]
    yield from ("## The next best question", "", SIMULATED, "")
    yield from _paragraph(
        f"{found['patients']} simulated patients in an emergency department, half of each region, whose facts realise",
        "the findings drawn; streaks, vital signs that leave the tier mild. Decided is the tier, what is to be done at",
        "once (each action with its state) and the zone of each cause. An ask is one question or one test, and an",
        "input of the dossier is one ask, however many facts and tests it has; with each test an ask of its own the",
        f"inputs are {found['units']}. Burden: each test and each finding of the history once, on the scale of the",
        "content. *Same*: share of patients of whom the same is decided as with everything known. The last column is",
        "the share that the true cause is given in the end, on average.",
    )
    heads = ("way", "asks", "most", "facts", "burden", *(f"same {part}" for part in (*PARTS, "all")), "true cause")
    yield from _table(*heads)
    for way, name in WAYS.items():
        row = ways[way]
        same = " | ".join(f"{row['same'][part]:.1%}" for part in (*PARTS, "all"))
        yield (
            f"| {name.format(inputs=found['inputs'])} | {row['asks']:g} | {row['most']} | {row['facts']:g} | "
            f"{row['burden']:g} | {same} | {row['share_of_the_true_cause']:.3f} |"
        )
    yield ""
    asks, facts, burden = (ways["next"][key] / ways["inputs"][key] for key in ("asks", "facts", "burden"))
    units = ways["next"]["asks"] / found["units"]
    reached = "The aim of half of the asks is reached." if asks <= 0.5 else "**Half of the asks is not reached.**"
    yield from _paragraph(
        f"`commander next` takes {asks:.0%} of the asks of (b), {units:.0%} where each test counts as an ask,",
        f"{facts:.0%} of the facts and {burden:.0%} of the burden. {reached}",
        "The questions on the tier and on what could be done at once come first and are never left out; after them",
        "come the tests of which one answer could still change a zone. Where it decides otherwise than with",
        "everything known:",
    )
    yield from _table("what", "patients")
    for what, count in found["differs"].items():
        yield f"| {what} | {count} |"
    yield ""
    yield from _paragraph(
        "It stops when no single answer could change a decision; two that only together would are not looked for",
        "([0008](decisions/0008-a-question-is-worth-what-it-decides.md)). What can only raise an alarm and no rule",
        "waits for, as an antibody nobody suspects, is listed as not asked and is no question.",
    )
    yield from _paragraph("Findings that the facts could not follow, and draws left out because the tier was not mild:")
    for prior, lost in found["lost"].items():
        yield f"- `{prior}`: " + ", ".join(f"{name} {count}" for name, count in lost.items()) + "."
    yield ""


def _published_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield from ("## Published patients", "")
    yield from _paragraph(
        "Few, chosen by us, and told by people who knew the answer: this shows faults, not accuracy. No figure was",
        "changed because of it. No case names a region, so each is ranked under both priors. *Supported*: without",
        "judged figures, so that what rests on one says nothing; the priors stay, and all of them are judged. The",
        "case of blood from the nose (`ps-04`) has none of the causes and is left out; four have a cause without a",
        "name here and count as the residual.",
    )
    yield from _table("region", "patients", "figures", *(f"top {top}" for top in TOPS))
    for region, name in REGION.items():
        for group, residual in (("with a named cause", False), ("residual", True)):
            mine = [
                row
                for row in rows
                if str(row["prior"]).endswith(region) and (row["cause"] == "other_or_none_found") is residual
            ]
            for figures, key in (("all", "rank"), ("supported", "rank_supported")):
                counts = tops([row[key] for row in mine])
                cells = " | ".join(f"{counts[top]} of {len(mine)}" for top in TOPS)
                yield f"| {name} | {group} | {figures} | {cells} |"
    yield ""
    heads = ("case", "true cause", "prior", "rank", "share", "rank, supported", "findings known", "of these supported")
    yield from _table(*heads)
    for row in rows:
        yield (
            f"| `{row['case']}` | `{row['cause']}` | `{row['prior']}` | {row['rank']} | {row['probability']:.3f} | "
            f"{row['rank_supported']} | {row['known']} | {row['known_supported']} |"
        )
    yield ""


REGION = {"high_income": "high income", "tb_endemic": "tuberculosis endemic"}


def pictures(found: Result) -> dict[str, str]:
    """The pictures of the page, by file name."""
    rows = found["priors"][PRIORS[0][0]]
    parts = [(f"{part} of findings known", row["bins"]) for part, row in rows.items()]
    causes = list(zip(found["causes"], rows["50%"]["bins_of"], strict=True))
    return {
        "reliability.svg": plot(parts, "All causes: share forecast (across) and share that came true (up)"),
        "reliability-by-cause.svg": plot(causes, "Half of the findings known: share forecast and share that came true"),
    }


STEPS: Mapping[str, Callable[[Engine], Result]] = {
    "calibration": calibration,
    "questions": questions,
    "published": published,
}


def main() -> int:
    parser = argparse.ArgumentParser(description="The differential evaluated.")
    parser.add_argument("--only", choices=[*STEPS, "none"], action="append", help="work out this part anew")
    wanted = parser.parse_args().only or list(STEPS)
    engine = Engine(open_dossier(use_cache=False))
    for name in wanted:
        if name != "none":
            made = STEPS[name](engine)
            # Read again: parts may be worked out side by side.
            results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
            RESULTS.write_text(json.dumps({**results, name: made}, indent=1) + "\n", encoding="utf-8")
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    if set(STEPS) <= set(results):
        PAGE.write_text(page(results), encoding="utf-8")
        IMAGES.mkdir(exist_ok=True)
        for name, text in pictures(results["calibration"]).items():
            (IMAGES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
