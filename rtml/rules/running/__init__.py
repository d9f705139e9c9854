"""Running rules over a capture: hits, account, gate, tuning, findings."""
