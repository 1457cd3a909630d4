"""Kills the platform at chosen or random instants (SIGKILL) and audits what is left on every side."""
