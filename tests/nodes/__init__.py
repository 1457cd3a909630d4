"""Several nodes as real processes: how they begin, end, are upgraded, and live through faults."""
