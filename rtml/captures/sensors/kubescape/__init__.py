"""Kubescape's node-agent: alerts of its rules, with the tree of processes round each."""
