#!/bin/sh
# Stand-in for a dropped program: says who it is and sleeps.
id >/dev/null
uname -r >/dev/null
sleep 1
