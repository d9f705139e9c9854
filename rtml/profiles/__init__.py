"""What a baseline says, for people and for other tools.

`diff` tells what one baseline has that another has not; `FORMATS` (`rtml.profiles.formats`) writes the
behaviour of a workload as a profile or a policy that Kubescape, KubeArmor, a container engine or
Falco reads. Nothing here learns or scores.
"""
