"""A sensor, a feature family, a detector and an alert format of somebody else's."""
