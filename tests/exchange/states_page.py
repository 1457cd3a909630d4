"""docs/exchange-states.md, drawn from the table of transitions: `python -m tests.exchange.states_page`."""

import ast
import inspect
from pathlib import Path

from intermediary.exchange import TRANSITIONS, State

PAGE = Path(__file__).parents[2] / "docs" / "exchange-states.md"
_WAITS = {
    State.AWAITING_CITIZEN: "T2 (15 min) and a minute of grace",
    State.AWAITING_INPUT: "T3 (40 min, from identification)",
    State.ASKING: "the register, asked again in growing pauses or when it said; ends with T3, or T1",
    State.PREVIEWING: "T3",
    State.SETTLED: "a worker, where a request waits for the answer; else 16 min for the second request",
    State.ANSWERING: "the receipt of the answer, whose own due times are those of the message",
    State.CLOSED: "nothing",
}


def page() -> str:
    """The page as it should be."""
    lines = [
        "# The states of an exchange",
        "",
        "Drawn from `TRANSITIONS` in `intermediary/exchange/model.py` by",
        "`python -m tests.exchange.states_page`; a test keeps it up to date. Any other step is refused by",
        "the store and nothing is written. A step to the same state that only notes something (the second",
        "request has come, a new session of the same citizen) is not drawn.",
        "",
        "```mermaid",
        "stateDiagram-v2",
    ]
    for t in TRANSITIONS:
        lines.append(f"    {_name(t.source)} --> {_name(t.target)}: {t.trigger.replace(':', ' –')}")
    lines += [
        f"    {_name(State.CLOSED)} --> [*]",
        "```",
        "",
        "| state | meaning | waits for |",
        "|---|---|---|",
    ]
    meanings = _meanings()
    lines += [f"| {state} | {meanings[state.name]} | {_WAITS[state]} |" for state in State]
    lines += ["", "| from | to | what happened |", "|---|---|---|"]
    lines += [f"| {t.source or '(new)'} | {t.target} | {t.trigger} |" for t in TRANSITIONS]
    return "\n".join(lines) + "\n"


def _name(state: State | None) -> str:
    return "[*]" if state is None else state.name


def _meanings() -> dict[str, str]:
    """The sentences below the members of State."""
    (cls,) = ast.parse(inspect.getsource(State)).body
    assert isinstance(cls, ast.ClassDef)
    found: dict[str, str] = {}
    for member, text in zip(cls.body, cls.body[1:], strict=False):
        if (
            isinstance(member, ast.Assign)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            (target,) = member.targets
            assert isinstance(target, ast.Name)
            found[target.id] = " ".join(str(text.value.value).split())
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
