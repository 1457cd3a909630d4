"""What is shipped in deploy/ does what it says: as real processes, or checked by whoever will read it."""
