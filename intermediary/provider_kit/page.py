"""The report as one HTML file that needs nothing else: to hand on, to print."""

from html import escape

from intermediary.provider_kit.model import Report, Result, Verdict

_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;
color:#171a2b;background:#fff}
h1{font-size:1.75rem}h2{font-size:1.2rem;margin:2rem 0 .25rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}ul{margin:0;padding-left:1.2rem}
.v{display:inline-block;border:2px solid;border-radius:.3rem;padding:0 .5rem;font-size:.9rem;font-weight:600}
.pass{color:#0a5c36}.fail{color:#a3132e}.skipped,.not-applicable{color:#4a4f66}
@media(max-width:40rem){dl{grid-template-columns:1fr}}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_WORDS = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.SKIPPED: "skipped",
    Verdict.NOT_APPLICABLE: "not applicable",
}


def as_html(report: Report) -> str:
    """The report in English; everything from outside is escaped."""
    counts = ", ".join(f"{report.count(verdict)} {word}" for verdict, word in _WORDS.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>Conformance report – {escape(report.url)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Conformance report</h1><dl><dt>Provider</dt><dd>{escape(report.url)}</dd>"
        f"<dt>Protocol</dt><dd>{escape(report.protocol)}</dd>"
        f"<dt>Time</dt><dd>{report.started_at:%Y-%m-%d %H:%M:%S %Z} to {report.finished_at:%H:%M:%S %Z}</dd>"
        f"<dt>Result</dt><dd>{'conforms' if report.passed else 'does not conform'}: {counts}</dd></dl>"
        + "".join(map(_case, report.results))
        + "</main></body></html>\n"
    )


def _case(result: Result) -> str:
    case = result.case
    rows = [("Sent", escape(case.sent)), ("Expected", escape(case.expected)), ("Source", escape(case.source))]
    if result.came:
        rows.append(("Came", "<ul>" + "".join(f"<li>{escape(str(t))}</li>" for t in result.came) + "</ul>"))
    if result.exchanged:
        calls = "".join(
            f"<li>{escape(one.method)} {escape(one.path)} → "
            f"{escape(one.failure) if one.status is None else one.status} "
            f"{escape(one.content_type)}, {one.octets} bytes, {one.seconds:.3f} s</li>"
            for one in result.exchanged
        )
        rows.append(("Calls", f"<ul>{calls}</ul>"))
    if result.verdict is Verdict.FAIL:
        rows.append(("Remedy", escape(case.remedy)))
    items = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in rows)
    badge = f'<span class="v {result.verdict.value}">{_WORDS[result.verdict]}</span>'
    return f"<section><h2>{escape(case.title)} {badge}</h2><dl>{items}</dl></section>"
