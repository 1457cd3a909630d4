"""The national registers of the sandbox: ordinary national ones that never hear of the EU."""
