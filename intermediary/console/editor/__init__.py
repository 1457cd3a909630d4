"""The editor of mappings and providers: forms made from a description of the model, and YAML for experts.

May live here: the description of the forms with their help (`evidence.py`, `providers.py`), the way between
documents and forms (`conversion.py`, pure), the pages. What may not: rules and states: the mapping has them.
"""

from intermediary.console.editor.part import editor_part

__all__ = ["editor_part"]
