"""What a run of many rounds has shown: flat figures for machines, a page for people."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.rounds import Outcome, Plan


@dataclass
class Figures:
    """Sums over all rounds."""

    command: str
    seed: int
    kills: int = 0
    lost: int = 0
    doubled: int = 0
    findings: list[str] = field(default_factory=list)
    _begin: float = field(default_factory=time.monotonic)
    _sums: Counter[str] = field(default_factory=Counter)
    _windows: Counter[tuple[str, str]] = field(default_factory=Counter)
    _struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    _table: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    _repeats: Counter[str] = field(default_factory=Counter)
    _disks: Counter[str] = field(default_factory=Counter)

    def add(self, plan: Plan, outcome: Outcome) -> None:
        """One more round."""
        verdict = outcome.verdict
        self.kills += outcome.kills.total()
        self.lost += len(verdict.lost)
        self.doubled += len(verdict.doubled)
        self.findings += [f"{plan.database}, {plan.seed}: {f}" for f in (*verdict.lost, *verdict.doubled)]
        self._sums.update({f"kills_{plan.database}": outcome.kills.total(), "rounds": 1})
        self._sums.update({f"kills_{how.replace('-', '_')}": n for how, n in outcome.kills.items()})
        self._sums.update({"exchanges": verdict.exchanges, f"exchanges_{plan.database}": verdict.exchanges})
        self._sums["given_up"] += verdict.given_up
        self._windows.update({(name, plan.database): n for name, n in outcome.windows.items()})
        self._struck.update({(name, plan.database): n for name, n in outcome.struck.items()})
        group = plan.database if plan.patient else f"{plan.database}, faults beyond deadlines"
        self._table.update({(group, *key): n for key, n in verdict.table.items()})
        self._repeats.update(verdict.repeats)
        if outcome.disk:
            self._disks[f"{outcome.disk} ({plan.database})"] += 1

    def flat(self) -> dict[str, object]:
        """For build/chaos.json."""
        faults: Counter[str] = Counter()
        for (name, _database), count in self._windows.items():
            faults[f"fault_{name.replace('-', '_')}"] += count
        return {
            "kills": self.kills, "lost": self.lost, "doubled": self.doubled, "seed": self.seed,
            "seconds": round(time.monotonic() - self._begin), **dict(sorted(self._sums.items())),
            "faults": faults.total(), **dict(sorted(faults.items())),
        }  # fmt: skip

    def report(self) -> str:
        """The auditor's report, as Markdown."""
        sums, minutes = self._sums, (time.monotonic() - self._begin) / 60
        lines = [
            "# The auditor's report", "",
            f"`{self.command}`, seed {self.seed}, {minutes:.1f} minutes", "",
            f"**{self.kills} kills, {sums['exchanges']} exchanges, "
            f"{self.lost} lost, {self.doubled} doubled.**", "",
            "| kills | |", "|---|---|",
            *(f"| {key.removeprefix('kills_')} | {n} |" for key, n in sorted(sums.items()) if "kills" in key),
            "", "| database | party | what | the party has | the log says | |", "|---|---|---|---|---|---|",
        ]  # fmt: skip
        for database, party, what in sorted({key[:3] for key in self._table}):
            has, says = (self._table[database, party, what, side] for side in ("has", "says"))
            same = "equal" if has == says else f"**{has - says:+}**"
            lines.append(f"| {database} | {party} | {what} | {has} | {says} | {same} |")
        if sums["given_up"]:
            lines += [
                "",
                f"{sums['given_up']} messages were given up, as they must be where a fault outlives",
            ]
            lines[-1] += " the deadlines: there, what the partner has may differ by their number at most."
        if self._windows:
            lines += ["", "| fault | database | times injected | times felt |", "|---|---|---|---|"]
            lines += [
                f"| {name} | {database} | {n} | {self._struck[name, database]} |"
                for (name, database), n in sorted(self._windows.items())
            ]
        lines += ["", "| what the others saw again, and recognised | times |", "|---|---|"]
        lines += [f"| {what} | {n} |" for what, n in sorted(self._repeats.items())]
        if self._disks:
            lines += [
                "",
                "Disk full by: " + ", ".join(f"{how}, {n} rounds" for how, n in self._disks.items()),
            ]
        lines += ["", "## Findings", "", *(f"- {f}" for f in self.findings or ["none"]), ""]
        return "\n".join(lines)

    def write(self, out: Path) -> None:
        """The figures, and the report beside them."""
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(self.flat()) + "\n")
        out.with_name(f"{out.stem}-report.md").write_text(self.report())
