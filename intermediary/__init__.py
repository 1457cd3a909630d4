"""The open intermediary platform between a national once-only system and EU-OOTS."""
