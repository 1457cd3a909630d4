"""Tests of `intermediary.edm`; `examples` and `strategies` are for other rooms too."""
