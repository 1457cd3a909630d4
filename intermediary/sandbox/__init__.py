"""A whole OOTS on one laptop: other parties' systems, each its own process with its own keys.

A foreign portal with its access point, registers, an identity provider, the authorities' token service;
and the supervisor, the scripted citizen and the stories of the demo. Nothing but `cli` and the tests
imports it.
"""
