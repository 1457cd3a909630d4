"""Code lists as data: which values a coded field may have.

The files `*.txt` beside this module hold facts only: a head of `key: value` lines, an empty line, one code a
line. They were written by `CodeList.to_text` from published genericode files; README.md tells which. A newer
list is read from its genericode file with `load_genericode` (OASIS Genericode 1.0, section 4).
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from intermediary import xml


class CodeListUnusable(ValueError):  # noqa: N818 - reads as the outcome
    """The file is no code list that this loader can read."""


@dataclass(frozen=True, slots=True)
class CodeList:
    """A published list of codes; `uri` is its canonical URI, `codes` keep their published spelling."""

    name: str
    version: str
    uri: str
    codes: frozenset[str]

    def __contains__(self, code: object) -> bool:
        return code in self.codes

    def to_text(self) -> str:
        """The compact form that `from_text` reads."""
        head = f"name: {self.name}\nversion: {self.version}\nuri: {self.uri}\n\n"
        return head + "".join(f"{code}\n" for code in sorted(self.codes))

    @staticmethod
    def from_text(text: str) -> "CodeList":
        """Read the compact form. Raises CodeListUnusable."""
        head, found, body = text.partition("\n\n")
        pairs = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
        if not found or not {"name", "version", "uri"} <= pairs.keys():
            raise CodeListUnusable("The head needs name, version and uri; then an empty line, then the codes")
        return CodeList(pairs["name"], pairs["version"], pairs["uri"], frozenset(body.splitlines()))


@cache
def code_list(name: str) -> CodeList:
    """The list that ships under that name, such as `language-code`. Raises CodeListUnusable."""
    file = files(__name__) / f"{name}.txt"
    if not file.is_file():
        raise CodeListUnusable(f"No code list {name} ships with this release")
    return CodeList.from_text(file.read_text(encoding="utf-8"))


def load_genericode(data: bytes) -> CodeList:
    """The list in a genericode file: the values of its first key column, trimmed.

    Raises CodeListUnusable, and XmlRefused where the file is no XML that may be read.
    """
    root = xml.parse(data)
    identification = root.find("{*}Identification")
    rows = root.findall("{*}SimpleCodeList/{*}Row")
    if identification is None or not rows:
        raise CodeListUnusable(
            "The file has no Identification or no SimpleCodeList with rows (Genericode 1.0)"
        )
    key = root.find("{*}ColumnSet/{*}Key/{*}ColumnRef")
    column = "code" if key is None else key.get("Ref")
    values = (
        value.findtext("{*}SimpleValue", "").strip()
        for row in rows
        for value in row.iterfind("{*}Value")
        if value.get("ColumnRef") == column
    )
    codes = frozenset(value for value in values if value)
    if not codes:
        raise CodeListUnusable("The list has no values in its key column")
    name, version, uri = (
        identification.findtext(f"{{*}}{field}", "") for field in ("ShortName", "Version", "CanonicalUri")
    )
    return CodeList(name, version, uri, codes)
