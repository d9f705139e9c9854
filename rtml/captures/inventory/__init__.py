"""What Kubernetes, a container runtime or Docker list of containers, joined to what a sensor saw of them."""
