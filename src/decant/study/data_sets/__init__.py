"""The kinds of data sets that a study can have, one file a kind."""
