#!/bin/sh
# Stand-in for a tool of the mirror that was tampered with: it looks at more than it should.
uptime
cat /etc/shadow >/dev/null 2>&1
