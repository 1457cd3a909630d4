"""The pages that read: lists, an entry with its versions, what it says, who did what, comparison, export."""

import io
import zipfile
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from intermediary.console.access import Operator, Role
from intermediary.console.desk import Desk
from intermediary.console.errors import NotThere
from intermediary.console.mappings import acting, comparing, listing, matrix, paths, reading, words
from intermediary.console.mappings.listing import Search
from intermediary.console.mappings.paths import EntryName, Number
from intermediary.mapping import Action, Entry, MappingMissing, MappingStore, State, dump, render

_STEPS_SHOWN = 100
SHARED: Mapping[str, Any] = {"words": words, "paths": paths, "Action": Action, "State": State}
"""What all templates of this area use."""


def reading_pages(desk: Desk, reader: reading.Reader) -> APIRouter:
    """Lists, entries, comparison, export."""
    router = APIRouter(include_in_schema=False)
    store = reader.store
    Sees = Annotated[Operator, Depends(desk.may(Role.VIEWER))]  # noqa: N806 - a type

    @router.get("/mappings")
    def mappings(request: Request, operator: Sees, page: Annotated[int, Query(ge=1)] = 1) -> Response:
        return _list(desk, store, request, operator, kind="evidence", number=page)

    @router.get("/providers")
    def providers(request: Request, operator: Sees, page: Annotated[int, Query(ge=1)] = 1) -> Response:
        return _list(desk, store, request, operator, kind="provider", number=page)

    @router.get("/mappings/export")
    def export(operator: Sees) -> Response:
        return Response(
            archive(store, desk),
            media_type="application/zip",
            headers={"Content-Disposition": 'attachment; filename="mappings.zip"'},
        )

    @router.get("/evidence-types")
    def evidence_types(request: Request, operator: Sees, page: Annotated[int, Query(ge=1)] = 1) -> Response:
        return _matrix(desk, store, request, operator, kind="evidence-types", number=page)

    @router.get("/requirements")
    def requirements(request: Request, operator: Sees, page: Annotated[int, Query(ge=1)] = 1) -> Response:
        return _matrix(desk, store, request, operator, kind="requirements", number=page)

    @router.get("/mappings/{entry:entry}")
    def entry(request: Request, entry: EntryName, operator: Sees) -> Response:
        return _entry(desk, reader, request, operator, name=entry, number=None)

    @router.get("/mappings/{entry:entry}/versions/{number:int}")
    def version(request: Request, entry: EntryName, number: Number, operator: Sees) -> Response:
        return _entry(desk, reader, request, operator, name=entry, number=number)

    @router.get("/mappings/{entry:entry}/versions/{number:int}/yaml")
    def as_yaml(entry: EntryName, number: Number, operator: Sees) -> Response:
        with found():
            said = store.document(entry, number)
        name = f"{entry.rpartition('/')[2]}-{number}.yaml"
        return Response(
            render(said),
            media_type="application/yaml",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @router.get("/mappings/{entry:entry}/versions")
    def versions(request: Request, entry: EntryName, operator: Sees) -> Response:
        day = desk.clock().date()
        with found():
            known, held = store.versions(entry), reader.entry(entry, day)
        return desk.page(
            request,
            operator,
            "mappings/versions.html",
            **SHARED,
            **where(desk, held),
            entry=held,
            versions=known,
            stands=reading.stands(held),
            offered=lambda v: acting.offered(operator, v, held, day),
            words_of=acting.words_of,
            steps=store.history(entry, _STEPS_SHOWN),
            usage=usage_of(store, entry),
            most=_STEPS_SHOWN,
        )

    @router.get("/mappings/{entry:entry}/compare")
    def compare(
        request: Request,
        entry: EntryName,
        operator: Sees,
        *,
        old: Annotated[int | None, Query(ge=0, le=paths.MOST)] = None,
        new: Annotated[int | None, Query(ge=1, le=paths.MOST)] = None,
        view: str = "",
    ) -> Response:
        day = desk.clock().date()
        with found():
            known, held = store.versions(entry), reader.entry(entry, day)
            old, new = comparing.chosen(held, known, old, new)
            before = store.document(entry, old) if old else {}
            after = store.document(entry, new)
        return desk.page(
            request,
            operator,
            "mappings/compare.html",
            **SHARED,
            **where(desk, held),
            entry=held,
            versions=known,
            stands=reading.stands(held),
            old=old,
            new=new,
            view="yaml" if view == "yaml" else "",
            changes=comparing.changes(before, after),
            same=comparing.unchanged(before, after),
            lines=comparing.lines(before, after),
        )

    return router


class found:  # noqa: N801 - reads as a statement
    """`with found():` what the store does not have is a page that is not there."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if isinstance(error, MappingMissing):
            raise NotThere(str(error)) from None


def where(desk: Desk, entry: Entry) -> dict[str, Any]:
    """Lets the navigation show where an entry belongs: a provider's page is one of the providers."""
    area = "providers" if entry.kind == "provider" else "mappings"
    return {"here": f"{desk.settings.base_path}/{area}/{entry.key}"}


def usage_of(store: MappingStore, entry: str) -> Any:
    """The exchanges of an entry, or None where exchanges do not name it."""
    try:
        return store.usage(entry)
    except MappingMissing:
        return None


def archive(store: MappingStore, desk: Desk) -> bytes:
    """What is in force as the files of `mappings/`, in a ZIP; the same set always gives the same bytes."""
    with found():
        files = dump(store.live(desk.clock().date()))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, said in files.items():
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), said)
    return packed.getvalue()


def search_of(query: Mapping[str, str], kind: str) -> Search:
    """What the address asks for; what it cannot ask for is left out."""

    def one_of(name: str, values: object) -> str:
        value = query.get(name, "")
        return value if value in values else ""  # type: ignore[operator]

    state = one_of("state", tuple(State))
    return Search(
        kind="" if query.get("kind") == "all" else kind,
        text=query.get("q", "")[:200].strip(),
        state=State(state) if state else None,
        standing=one_of("standing", listing.STANDING),
        procedure=query.get("procedure", "")[:10],
        provider=query.get("provider", "")[:100],
        pending=one_of("pending", listing.PENDING_OF),
        sort=one_of("sort", listing.SORTS) or "attention",
    )


def _list(
    desk: Desk, store: MappingStore, request: Request, operator: Operator, *, kind: str, number: int
) -> Response:
    day, tongue = desk.clock().date(), desk.tongue(request)
    search = search_of(request.query_params, kind)
    entries = store.entries(day)
    rows = listing.find(entries, search, operator.subject, day, tongue, reviewer=operator.has(Role.APPROVER))
    shown, pages = listing.page(rows, number)
    return desk.page(
        request,
        operator,
        "mappings/list.html",
        **SHARED,
        kind=kind,
        search=search,
        rows=shown,
        count=len(rows),
        total=sum(search.kind in (e.kind, "") for e in entries),
        page=min(number, pages),
        pages=pages,
        may_review=lambda v: operator.has(Role.APPROVER) and listing.may_review(v, operator.subject),
        names={e.key: e.titles for e in entries if e.kind == "provider"},
        procedures=sorted({p for e in entries for p in listing.texts(e.document.get("procedures"))}),
    )


def _entry(
    desk: Desk, reader: reading.Reader, request: Request, operator: Operator, *, name: str, number: int | None
) -> Response:
    day = desk.clock().date()
    with found():
        shown = reader.shown(name, number, day)
    pending = shown.entry.pending
    return desk.page(
        request,
        operator,
        "mappings/entry.html",
        **SHARED,
        **where(desk, shown.entry),
        shown=shown,
        entry=shown.entry,
        version=shown.version,
        stands=reading.stands(shown.entry),
        yaml=render(shown.document),
        offered=acting.offered(operator, shown.version, shown.entry, day),
        pending_offered=acting.offered(operator, pending, shown.entry, day) if pending else (),
        own_work=pending is not None and acting.own_work(operator, Action.APPROVE, pending),
        words_of=acting.words_of,
        options=render(dict(shown.provider.options)) if shown.provider else "",
        used_titles={e: m.titles for e in shown.used_by if (m := shown.used(e))},
        ends=listing.standing(shown.entry, day) == "ending",
    )


def _matrix(
    desk: Desk, store: MappingStore, request: Request, operator: Operator, *, kind: str, number: int
) -> Response:
    day, query = desk.clock().date(), request.query_params
    entries = store.entries(day)
    proved = matrix.requirements(entries, day)
    things = matrix.evidence_types(entries, day) if kind == "evidence-types" else proved
    q, procedure, show = query.get("q", "")[:200].strip(), query.get("procedure", ""), query.get("show", "")
    shown = [
        thing
        for thing in things
        if thing.fits(q)
        and (not procedure or procedure in thing.procedures)
        and (show not in ("mapped", "unmapped") or thing.mapped is (show == "mapped"))
    ]
    some, pages = listing.page(shown, number)
    return desk.page(
        request,
        operator,
        "mappings/matrix.html",
        **SHARED,
        kind=kind,
        things=some,
        page=min(number, pages),
        pages=pages,
        total=len(things),
        q=q,
        procedure=procedure,
        show=show,
        names={e.key: e.titles for e in entries if e.kind == "provider"},
        requirement_names={thing.short: thing.names[0] for thing in proved if thing.names},
        without=matrix.procedures_without(entries, day),
    )
