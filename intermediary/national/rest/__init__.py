"""REST/JSON providers as pure data: the mapping describes them, no provider has code of its own. Pure.

`build` makes the call, `links` says what else is to be fetched, `read` reads the answer; `options_problems`
checks a description.
"""

from intermediary.national.rest.options import options_problems
from intermediary.national.rest.reader import links, read
from intermediary.national.rest.writer import HttpCall, build

__all__ = ["HttpCall", "build", "links", "options_problems", "read"]
