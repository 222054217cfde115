"""What one trial found: figures under a name, and the faults. No fault, no loss."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Report:
    """The figures of one trial, in the order in which they were noted."""

    name: str
    figures: dict[str, object] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    skipped: str = ""

    def note(self, **figures: object) -> None:
        self.figures |= figures

    def count(self, name: str, more: int = 1) -> None:
        found = self.figures.get(name, 0)
        assert isinstance(found, int)
        self.figures[name] = found + more

    def fault(self, text: str) -> None:
        self.faults.append(text)

    @property
    def passed(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.name}: skipped: {self.skipped}"
        figures = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.figures.items())
        return f"{self.name}: {figures}" + "".join(f"\n    FAULT {fault}" for fault in self.faults[:20])
