"""Tetragon: its JSON export, of every kind of event and in each form that is about."""
