"""Reading and writing files, one door for each kind: text, JSON, YAML, whole or not at all."""
