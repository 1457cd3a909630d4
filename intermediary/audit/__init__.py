"""The append-only log of what was exchanged: read here, written only by the exchange's transactions.

Kept for twelve months at least (Implementing Regulation (EU) 2022/1463, Art. 17). Each entry carries a digest
over itself and the one before it in its stream, so that a change or a gap shows. Retention removes the stream
of an exchange whole; of journals (`platform`, `operators`) it removes the oldest entries, and the event that
says so holds the digest on which the rest is chained.
"""

from intermediary.audit.exchanges import ExchangeRecords
from intermediary.audit.log import AuditLog, Story, Summary

__all__ = ["AuditLog", "ExchangeRecords", "Story", "Summary"]
