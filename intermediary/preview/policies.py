"""Content-Security-Policies of evidence that is shown as it came."""

DOCUMENT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""For evidence as it came: whatever it is, it runs nothing and has no origin."""
PDF_POLICY = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
"""Without `sandbox`, in which a browser's own PDF viewer may not start [assumed]; scripts stay forbidden."""
