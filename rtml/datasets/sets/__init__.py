"""One file per data set: what it is, and how its files are read."""
