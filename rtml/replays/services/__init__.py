"""What runs in the lab's containers: small services that do real work under real load.

The Python files run on the containers' own Python, with nothing of rtml there.
"""
