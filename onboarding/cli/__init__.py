"""The command line: one verb, one function. Data on standard output, progress on standard error."""
