"""A mapping set as a folder of YAML files that people keep in git: read strictly, written in a stable order.

A subset of YAML 1.2: every plain scalar is text (`no` is Norway, `05315000` keeps its zero) and the model
says what it means; only below a provider's `options` are `true`, `7`, `1.5` what JSON says. `null` and `~`
are nothing. Anchors, aliases and tags are refused.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import yaml

from intermediary.mapping import documents, rules
from intermediary.mapping import rulebook as book
from intermediary.mapping.documents import EVIDENCE, PLATFORM, PROVIDER, REFERENCES
from intermediary.mapping.errors import MappingInvalid
from intermediary.mapping.model import LintFinding, MappingSet, Severity
from intermediary.mapping.rulebook import Path as Steps
from intermediary.mapping.rulebook import Problem, Rule

PLATFORM_FILE, PROVIDERS_FILE, REFERENCES_FILE = "platform.yaml", "providers.yaml", "classifications.yaml"
_LIMIT = 1 << 20
"""Bytes of one file; the largest that ships has some three thousand."""
_DEPTH = 32
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser, ten times as fast, where PyYAML was built with it."""
_JSON_SCALAR = re.compile(r"true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")


def load(folder: Path) -> MappingSet:
    """The set in a folder. Raises MappingInvalid with every finding that is an error."""
    mapping_set, findings = _read(folder)
    errors = tuple(f for f in findings if f.severity is Severity.ERROR)
    if mapping_set is None or errors:
        raise MappingInvalid(errors)
    return mapping_set


def lint(
    folder: Path, more: Callable[[MappingSet], Iterable[Problem]] = lambda _set: ()
) -> tuple[LintFinding, ...]:
    """Every error and warning, by file and line; empty where there is nothing to say.

    `more` finds what the rules alone cannot, in a set that can be read.
    """
    return _read(folder, more)[1]


def dump(mapping_set: MappingSet) -> dict[str, str]:
    """Relative file name → YAML text: the same set always gives the same text, and `load` gives it back."""
    files: dict[str, Any] = {}
    providers: dict[str, Any] = {}
    for entry, document in documents.encode(mapping_set).items():
        name, path = _place(entry)
        if path:
            providers[str(path[0])] = document
        else:
            files[name] = document
    if providers:
        files[PROVIDERS_FILE] = providers
    return {name: _yaml(document) for name, document in sorted(files.items())}


def findings_of(mapping_set: MappingSet) -> tuple[LintFinding, ...]:
    """What the rules say of a set that was not read from files: file names as `dump` gives them, line 0."""
    return tuple(finding_of(p) for p in rules.check(mapping_set))


def finding_of(problem: Problem) -> LintFinding:
    """A problem of something that was not read from files."""
    p = problem
    name = _place(p.entry)[0]
    return LintFinding(p.severity, name, 0, p.text, p.remedy, p.entry, p.path, p.rule.id, p.values)


def parse(entry: str, text: str) -> documents.Document:
    """The document of one entry from its YAML, as it stands in its file (a provider's without its key).

    Numbers and truth values are still texts, as everywhere in these files; a draft gets them right. Raises
    MappingInvalid where it is no YAML map; whether the rules like it, the store says.
    """
    read = _Folder()
    node = _compose(text, _place(entry)[0], read)
    document = _plain(
        node, _place(entry)[0], read, typed=False, provider=1 if entry.startswith(PROVIDER) else None
    )
    if not isinstance(document, dict) and not read.findings:
        read.report(_place(entry)[0], 1, book.FILE_NO_MAP)
    if read.findings:
        raise MappingInvalid(tuple(read.findings))
    return cast(documents.Document, document)


def render(document: documents.Document) -> str:
    """A document as YAML, in a stable order; `parse` gives it back."""
    return _yaml(document)


@dataclass(slots=True)
class _Folder:
    """What was read so far: documents by entry, and the YAML nodes that know the lines."""

    documents: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)
    findings: list[LintFinding] = field(default_factory=list)

    def finding(self, problem: Problem) -> LintFinding:
        name, path = _place(problem.entry)
        line = _line(self.nodes.get(name), path + problem.path)
        return replace(finding_of(problem), file=name, line=line)

    def report(self, name: str, line: int, rule: Rule, /, **values: str) -> None:
        p = rule.at("", (), **values)
        self.findings.append(
            LintFinding(p.severity, name, line, p.text, p.remedy, rule=rule.id, values=p.values)
        )


def _read(
    folder: Path, more: Callable[[MappingSet], Iterable[Problem]] = lambda _set: ()
) -> tuple[MappingSet | None, tuple[LintFinding, ...]]:
    read = _Folder()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml")):
        _file(path, path.relative_to(folder).as_posix(), read)

    def source(entry: str) -> str:
        name = _place(entry)[0]
        return f"{name}:{_line(read.nodes.get(name), ())}"

    mapping_set, problems = documents.decode(read.documents, source)
    if mapping_set is not None:
        problems = (*rules.check(mapping_set), *more(mapping_set))
    findings = {*read.findings, *map(read.finding, problems)}
    ordered = tuple(sorted(findings, key=lambda f: (f.file, f.line, f.text)))
    return (None if read.findings else mapping_set), ordered


def _file(path: Path, name: str, read: _Folder) -> None:
    known = name in (PLATFORM_FILE, PROVIDERS_FILE, REFERENCES_FILE)
    if not known and not re.fullmatch(r"evidence/[^/]+\.yaml", name):
        read.report(name, 1, book.FILE_UNKNOWN)
        return
    try:
        node = _compose(path.read_bytes().decode(), name, read)
    except UnicodeDecodeError:
        read.report(name, 1, book.FILE_ENCODING)
        return
    if any(finding.file == name for finding in read.findings):
        return
    read.nodes[name] = node
    document = _plain(node, name, read, typed=False, provider=0 if name == PROVIDERS_FILE else None)
    if not isinstance(document, dict):
        read.report(name, 1, book.FILE_EMPTY)
    elif name == PLATFORM_FILE:
        read.documents[PLATFORM] = document
    elif name == REFERENCES_FILE:
        read.documents[REFERENCES] = document
    elif name == PROVIDERS_FILE:
        read.documents |= {PROVIDER + str(key): value for key, value in document.items()}
    else:
        read.documents[EVIDENCE + path.stem] = document


def _compose(text: str, name: str, read: _Folder) -> Any:
    """The root node of a text; None with a finding where there is none to be had."""
    if len(text) > _LIMIT:
        read.report(name, 1, book.FILE_SIZE)
        return None
    try:
        _refuse_excess(text)
        return yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as broken:
        mark = getattr(broken, "problem_mark", None)
        what = getattr(broken, "problem", None) or "not readable"
        read.report(name, mark.line + 1 if mark else 1, book.FILE_YAML, reason=what)
        return None


def _refuse_excess(text: str) -> None:
    """No anchors, aliases and tags, no depth that nobody needs."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        tagged = getattr(event, "tag", None) is not None
        problem = None
        if getattr(event, "anchor", None) is not None or tagged:
            problem = "anchors, aliases and tags have no place here"
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEPTH:
            problem = f"more than {_DEPTH} levels"
        if problem:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=cast(yaml.Mark, event.start_mark))


def _plain(node: Any, name: str, read: _Folder, *, typed: bool, provider: int | None) -> Any:
    """A node as dict, list, text or None; `provider` counts the depth below providers.yaml."""
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            line = key_node.start_mark.line + 1
            if key is None:
                read.report(name, line, book.FILE_KEY)
                continue
            if key in found:
                read.report(name, line, book.FILE_TWICE, name=key)
            below = typed or (provider == 1 and key == "options")
            deeper = None if provider is None else provider + 1
            found[key] = _plain(value_node, name, read, typed=below, provider=deeper)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, name, read, typed=typed, provider=None) for item in node.value]
    if node is None or (not node.style and node.value in ("", "~", "null")):
        return None
    if typed and not node.style and _JSON_SCALAR.fullmatch(node.value):
        return json.loads(node.value)
    return node.value


def _place(entry: str) -> tuple[str, Steps]:
    """The file of an entry, and the way to it inside the file."""
    if entry.startswith(PROVIDER):
        return PROVIDERS_FILE, (entry.removeprefix(PROVIDER),)
    if entry.startswith(EVIDENCE):
        return f"{entry}.yaml", ()
    return (PLATFORM_FILE if entry == PLATFORM else REFERENCES_FILE), ()


def _line(node: Any, path: Iterable[str | int]) -> int:
    """The line of the value at a path, or of the nearest thing around it."""
    if node is None:
        return 1
    line: int = node.start_mark.line + 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _yaml(document: Any) -> str:
    return yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=110
    )


class _Dumper(yaml.SafeDumper):
    """Writes every text so that our reader sees the same text, and lists indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain_would_change = not text or _JSON_SCALAR.fullmatch(text) or text in ("~", "null")
    # Line breaks other than \n do not survive YAML's plain and single-quoted styles.
    control = re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]", text) is not None
    style = '"' if control else ("'" if plain_would_change else None)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
