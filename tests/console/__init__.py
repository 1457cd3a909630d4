"""The public self-check, and the command line beside it."""
