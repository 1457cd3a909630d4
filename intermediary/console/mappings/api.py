"""The HTTP API of mappings: what the pages show and do, for machines."""

import re
import tempfile
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from intermediary.console.access import Operator, Role
from intermediary.console.desk import Change, Desk
from intermediary.console.mappings import acting, listing, matrix, paths
from intermediary.console.mappings.deciding import RECORDED, take
from intermediary.console.mappings.listing import Search
from intermediary.console.mappings.paths import EntryName, Number
from intermediary.console.mappings.reading import Reader
from intermediary.console.mappings.shapes import (
    ChangeIn,
    DifferenceOut,
    DraftIn,
    EntriesOut,
    EntryOut,
    EuropeanOut,
    FilesIn,
    FilesOut,
    FindingOut,
    StepOut,
    UsageOut,
    VersionOut,
    VersionWithDocument,
)
from intermediary.console.refusals import refusals
from intermediary.mapping import (
    Action,
    LintFinding,
    MappingInvalid,
    MappingSet,
    Severity,
    State,
    documents_of,
    dump,
    load,
    parse,
    render,
)
from intermediary.web import Tongue

_CONFLICT = refusals(s409="Somebody was faster, or the version is not in the state for this step")
_ENGLISH = Tongue("en", UTC)
_FILE = re.compile(r"(platform|providers|classifications|evidence/[a-z0-9][a-z0-9_-]{0,63})\.yaml")


def reading_api(desk: Desk, reader: Reader) -> APIRouter:
    """Calls that read."""
    router = APIRouter(tags=["mappings"])
    store = reader.store
    Caller = Annotated[Operator, Depends(desk.caller(Role.VIEWER))]  # noqa: N806 - a type

    @router.get("/mappings", summary="Entries: evidence mappings, or what `kind` names")
    def mappings(
        caller: Caller,
        *,
        kind: Literal["evidence", "provider", "platform", "references", "all"] = "evidence",
        q: Annotated[str, Query(max_length=200)] = "",
        state: State | None = None,
        standing: Literal["", "in-force", "ending", "to-follow", "over", "new", "retired"] = "",
        procedure: Annotated[str, Query(max_length=10)] = "",
        provider: Annotated[str, Query(max_length=100)] = "",
        pending: Literal["", "any", "mine", "for-me"] = "",
        sort: Literal["attention", "title", "national", "changed", "ends"] = "title",
        page: Annotated[int, Query(ge=1, le=paths.MOST)] = 1,
    ) -> EntriesOut:
        search = Search(
            kind="" if kind == "all" else kind,
            text=q,
            state=state,
            standing=standing,
            procedure=procedure,
            provider=provider,
            pending=pending,
            sort=sort,
        )
        return listed(caller, search, page)

    @router.get("/providers", summary="Providers")
    def providers(
        caller: Caller,
        *,
        q: Annotated[str, Query(max_length=200)] = "",
        page: Annotated[int, Query(ge=1, le=paths.MOST)] = 1,
    ) -> EntriesOut:
        return listed(caller, Search(kind="provider", text=q, sort="title"), page)

    def listed(caller: Operator, search: Search, number: int) -> EntriesOut:
        day = desk.clock().date()
        reviewer = caller.has(Role.APPROVER)
        rows = listing.find(store.entries(day), search, caller.subject, day, _ENGLISH, reviewer=reviewer)
        shown, pages = listing.page(rows, number)
        return EntriesOut(
            page=min(number, pages), pages=pages, count=len(rows), entries=[EntryOut.of(row) for row in shown]
        )

    @router.get("/evidence-types", summary="EU evidence types, and what answers them here")
    def evidence_types(_caller: Caller) -> list[EuropeanOut]:
        day = desk.clock().date()
        return [EuropeanOut.of(thing) for thing in matrix.evidence_types(store.entries(day), day)]

    @router.get("/requirements", summary="Requirements, and what proves them here")
    def requirements(_caller: Caller) -> list[EuropeanOut]:
        day = desk.clock().date()
        return [EuropeanOut.of(thing) for thing in matrix.requirements(store.entries(day), day)]

    @router.get("/mapping-files", summary="What is in force as the YAML files of `mappings/`")
    def files(_caller: Caller) -> FilesOut:
        held = store.live(desk.clock().date())
        return FilesOut(revision=held.revision, files=dump(held))

    @router.get("/mapping-changes", summary="Who did what when and why, of all entries, the newest first")
    def changes(_caller: Caller, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[StepOut]:
        return [StepOut.of(step) for step in store.history(None, limit)]

    @router.get("/mappings/{entry:entry}", summary="One entry as it stands today")
    def one(entry: EntryName, _caller: Caller) -> EntryOut:
        day = desk.clock().date()
        references = listing.references_of(store.entries(day, kind="references"))
        return EntryOut.of(listing.row(reader.entry(entry, day), day, references))

    @router.get("/mappings/{entry:entry}/versions", summary="Its versions, the newest first")
    def versions(entry: EntryName, _caller: Caller) -> list[VersionOut]:
        return [VersionOut.of(version) for version in store.versions(entry)]

    @router.get("/mappings/{entry:entry}/versions/{number:int}", summary="One version, and what it says")
    def version(entry: EntryName, number: Number, _caller: Caller) -> VersionWithDocument:
        return VersionWithDocument.full(store.version(entry, number), store.document(entry, number))

    @router.get(
        "/mappings/{entry:entry}/versions/{number:int}/yaml",
        summary="What it says, as YAML",
        response_class=YamlResponse,
        responses={200: {"content": {"application/yaml": {"schema": {"type": "object"}}}}},
    )
    def as_yaml(entry: EntryName, number: Number, _caller: Caller) -> Response:
        return YamlResponse(render(store.document(entry, number)))

    @router.get(
        "/mappings/{entry:entry}/versions/{number:int}/findings",
        summary="What the rules would say if it went live",
    )
    def findings(entry: EntryName, number: Number, _caller: Caller) -> list[FindingOut]:
        return [FindingOut.of(f) for f in store.findings((entry, number), day=desk.clock().date())]

    @router.get("/mappings/{entry:entry}/differences", summary="What differs between two versions")
    def differences(
        entry: EntryName,
        _caller: Caller,
        old: Annotated[int, Query(ge=0, le=paths.MOST, description="0: from nothing")],
        new: Annotated[int, Query(ge=1, le=paths.MOST)],
    ) -> list[DifferenceOut]:
        return [DifferenceOut.of(found) for found in store.diff(entry, old, new)]

    @router.get("/mappings/{entry:entry}/history", summary="Who did what when and why, the newest first")
    def history(
        entry: EntryName, _caller: Caller, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> list[StepOut]:
        store.versions(entry)
        return [StepOut.of(step) for step in store.history(entry, limit)]

    @router.get(
        "/mappings/{entry:entry}/usage",
        summary="Exchanges that used a mapping, or one version of it, or asked a provider",
    )
    def usage(
        entry: EntryName,
        _caller: Caller,
        version: Annotated[int | None, Query(ge=1, le=paths.MOST)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 20,
    ) -> UsageOut:
        store.versions(entry)
        return UsageOut.of(store.usage(entry, version, limit))

    return router


def changing_api(desk: Desk, reader: Reader) -> APIRouter:
    """Calls that change something."""
    router = APIRouter(tags=["mappings"])
    store = reader.store
    steps = tuple({role for roles in acting.STEPS.values() for role in roles})

    @router.put(
        "/mappings/{entry:entry}/draft",
        summary="Draft a version; it takes the place of the pending one",
        responses=_CONFLICT,
    )
    def draft(
        entry: EntryName, sent: DraftIn, made: Annotated[Change, Depends(desk.change(Role.EDITOR))]
    ) -> VersionOut:
        said = parse(entry, sent.yaml) if sent.yaml is not None else sent.document or {}
        version = store.draft(
            entry,
            said,
            expected=sent.expected,
            actor=made.operator.subject,
            reason=sent.reason,
            at=desk.clock(),
            based_on=sent.based_on,
        )
        made.record("mapping-drafted", entry=entry, version=version.number)
        return VersionOut.of(version)

    @router.post(
        "/mapping-changes",
        summary="Submit, approve, reject, put in force, retire, roll back",
        description="Of `roll-back` the version is the one to return to, and there is one only.",
        responses=_CONFLICT,
    )
    def change(sent: ChangeIn, made: Annotated[Change, Depends(desk.change(*steps))]) -> list[VersionOut]:
        step = Action(sent.action)
        refs = tuple(dict.fromkeys((ref.entry, ref.version) for ref in sent.versions))
        made.operator.need(*acting.STEPS[step])
        acting.need(made.operator, step, [store.version(*ref) for ref in refs])
        done = take(desk, store, made.operator, step, refs, reason=sent.reason)
        for entry, number in refs:
            made.record(RECORDED[step], entry=entry, version=number)
        return [VersionOut.of(version) for version in done]

    @router.post(
        "/mapping-files",
        summary="Hand in what files say otherwise than the store; what is now in review for it",
        responses=_CONFLICT,
    )
    def hand_in(
        sent: FilesIn, made: Annotated[Change, Depends(desk.change(Role.EDITOR))]
    ) -> list[VersionOut]:
        wanted = documents_of(_loaded(sent.files))
        found = store.propose(wanted, actor=made.operator.subject, reason=sent.reason, at=desk.clock())
        for version in found:
            made.record("mapping-submitted", entry=version.entry, version=version.number)
        return [VersionOut.of(version) for version in found]

    return router


class YamlResponse(Response):
    """A document as its file says it."""

    media_type = "application/yaml"


def _loaded(files: Mapping[str, str]) -> MappingSet:
    """The set that files make. Raises MappingInvalid."""
    if strange := [name for name in files if not _FILE.fullmatch(name)]:
        text, remedy = "This is none of the files of a mapping set.", "Leave it out, or correct its name."
        raise MappingInvalid(
            tuple(LintFinding(Severity.ERROR, name[:100], 0, text, remedy) for name in strange)
        )
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "evidence").mkdir()
        for name, said in files.items():
            (folder / name).write_text(said, encoding="utf-8", newline="")
        return load(folder)
