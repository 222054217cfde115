"""The differential inside one process, beside exact inference by other libraries on the same network in the same run.

pyAgrum is a test oracle and always there; pgmpy is measured where it is installed (`pip install pgmpy`).
"""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.timing import Times, in_process
from clinical_commander.bayes.draws import draws
from clinical_commander.bayes.posterior import Network
from clinical_commander.bayes.tables import Pattern, Table
from clinical_commander.bayes.value import information, values
from clinical_commander.engine.assess import Engine
from clinical_commander.engine.worth import Worth

AGRUM, PGMPY = "the posterior by pyAgrum", "the posterior by pgmpy"
EVIDENCE_SETS = 200
KNOWN = 0.3  # part of the findings of which the level is known: a patient after history, film and first blood tests
SEED = 5


class Sample:
    """One prior of the dossier and evidence drawn at random."""

    def __init__(self, engine: Engine) -> None:
        assert engine.differentials is not None
        assert engine.worth is not None
        self.differentials, self.worth = engine.differentials, engine.worth
        row = next(r for r in self.differentials.content.priors if r.id == "ed_high_income")
        self.network = self.differentials.network(row)
        self.evidence = [evidence(random.Random(SEED + i), self.network) for i in range(EVIDENCE_SETS)]
        for found in self.evidence:  # rows are made when first asked for: a service has them after its first patients
            self.network.posterior(found)


def evidence(random_: random.Random, network: Network) -> dict[str, Pattern]:
    """Each finding unknown, or at one of its levels."""
    found = {}
    for id, table in network.tables.items():
        pattern = tuple(
            1 << random_.randrange(size) if random_.random() < KNOWN else (1 << size) - 1 for size in table.group.sizes
        )
        if pattern != table.group.unknown:
            found[id] = pattern
    return found


def posterior_with_contributions(network: Network, found: Mapping[str, Pattern]) -> object:
    """The posterior, and for each cause what each known group says of it."""
    posterior = network.posterior(found)
    return posterior, [
        (b.cause, math.log(b.inside / b.outside)) for row in posterior.rows.values() for b in row.bearings
    ]


def values_of_all(network: Network, found: Mapping[str, Pattern], worth: Worth) -> object:
    """The posterior, and the value of every finding that is not known."""
    return values(network, found, network.posterior(found), worth.stakes)


def differential_rows(engine: Engine, rounds: int) -> Iterator[tuple[str, Times, Times | None, float | None]]:
    """(name, times, what they stand beside, budget in microseconds)."""
    sample = Sample(engine)
    network = sample.network
    turn = itertools.cycle(sample.evidence)

    def each(function: Callable[[Mapping[str, Pattern]], object]) -> Callable[[], object]:
        return lambda: function(next(turn))

    peers: list[tuple[str, Callable[[], object], int]] = []
    agrum = agrum_posterior(network)
    if agrum is not None:
        peers.append((AGRUM, each(agrum), max(20, rounds // 20)))
    pgmpy = pgmpy_posterior(network)
    if pgmpy is not None:
        peers.append((PGMPY, each(pgmpy), max(10, rounds // 50)))
    ours, values = in_process(
        [
            each(lambda found: posterior_with_contributions(network, found)),
            each(lambda found: values_of_all(network, found, sample.worth)),
        ],
        rounds,
    )
    first = None
    for name, function, times in peers:
        (measured,) = in_process([function], times)
        first = first or measured
        yield name, measured, None, None
    yield "posterior and contributions", ours, first, 50.0
    yield "value of every finding not known", values, first, 150.0
    (drawn,) = in_process([each(lambda found: draws(network, found))], max(3, rounds // 200))
    yield "10,000 draws of the posterior", drawn, first, 300_000.0
    gains = in_process([each(lambda found: gains_of_all(network, found))], max(20, rounds // 20))[0]
    yield "information of every finding not known", gains, first, None


def gains_of_all(network: Network, found: Mapping[str, Pattern]) -> object:
    """The gain of information of every finding that is not known."""
    posterior = network.posterior(found)
    return [
        information(network, found, posterior, id, place)
        for id, table in network.tables.items()
        for place, full in enumerate(table.group.unknown)
        if found.get(id, table.group.unknown)[place] == full
    ]


# --- the same network elsewhere


def conditional(table: Table, place: int, levels: tuple[int, ...], cause: int) -> list[float]:
    """How often a cause shows each level of a finding after these levels of those before it."""
    sums = [0.0] * table.group.sizes[place]
    for outcome in table.outcomes:
        if outcome.levels[:place] == levels:
            sums[outcome.levels[place]] += outcome.p[cause]
    total = math.fsum(sums)
    return [s / total for s in sums]


def agrum_posterior(network: Network) -> Callable[[Mapping[str, Pattern]], object] | None:
    """Exact inference by pyAgrum; None where it is not installed."""
    try:
        import pyagrum as gum
    except ImportError:
        return None
    bn = gum.BayesNet()
    causes = len(network.prior.weights)
    bn.add(gum.LabelizedVariable("cause", "", causes))
    bn.cpt("cause").fillWith(list(network.prior.weights))
    for table in network.tables.values():
        names = [f.id for f in table.group.findings]
        for place, finding in enumerate(table.group.findings):
            bn.add(gum.LabelizedVariable(finding.id, "", finding.levels))
            for parent in ("cause", *names[:place]):
                bn.addArc(parent, finding.id)
            for levels in itertools.product(*(range(s) for s in table.group.sizes[:place])):
                for cause in range(causes):
                    at = {"cause": cause, **dict(zip(names, levels, strict=False))}
                    bn.cpt(finding.id)[at] = conditional(table, place, levels, cause)
    inference = gum.LazyPropagation(bn)
    inference.setTargets({"cause"})

    def run(found: Mapping[str, Pattern]) -> object:
        inference.setEvidence(levels_by_name(network, found))
        inference.makeInference()
        return inference.posterior("cause").tolist()

    return run


def pgmpy_posterior(network: Network) -> Callable[[Mapping[str, Pattern]], object] | None:
    """Exact inference by pgmpy; None where it is not installed."""
    try:
        from pgmpy.factors.discrete import TabularCPD
        from pgmpy.inference import VariableElimination
        from pgmpy.models import DiscreteBayesianNetwork
    except ImportError:
        return None
    causes = len(network.prior.weights)
    model: Any = DiscreteBayesianNetwork()
    cpds = [TabularCPD("cause", causes, [[w] for w in network.prior.weights])]
    model.add_node("cause")
    for table in network.tables.values():
        names, sizes = [f.id for f in table.group.findings], table.group.sizes
        for place, finding in enumerate(table.group.findings):
            parents = ["cause", *names[:place]]
            model.add_edges_from([(p, finding.id) for p in parents])
            columns = [
                conditional(table, place, levels, cause)
                for cause in range(causes)
                for levels in itertools.product(*(range(s) for s in sizes[:place]))
            ]
            values = [list(row) for row in zip(*columns, strict=True)]
            cpds.append(TabularCPD(finding.id, finding.levels, values, parents, [causes, *sizes[:place]]))
    model.add_cpds(*cpds)
    inference = VariableElimination(model)

    def run(found: Mapping[str, Pattern]) -> object:
        return inference.query(["cause"], evidence=levels_by_name(network, found), show_progress=False).values

    return run


def levels_by_name(network: Network, found: Mapping[str, Pattern]) -> dict[str, int]:
    """The level of each finding that is known."""
    return {
        finding.id: bits.bit_length() - 1
        for id, pattern in found.items()
        for finding, bits, full in zip(
            network.tables[id].group.findings, pattern, network.tables[id].group.unknown, strict=True
        )
        if bits != full
    }


def main() -> int:
    """Only these rows, for a look at them alone."""
    from clinical_commander.dossier.library import open_dossier

    for name, times, beside, budget in differential_rows(Engine(open_dossier()), 1000):
        ratio = f"{times.median / beside.median:8.3f} of the peer" if beside else ""
        budget_text = f"budget {budget:g} us" if budget else ""
        print(f"{name:42}{times.median:12.1f} us p50 {times.percentile(99):12.1f} us p99  {ratio}  {budget_text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
