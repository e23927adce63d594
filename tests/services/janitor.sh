#!/usr/bin/env bash
# Waits until standard input ends, which it does with the test run, even one that is killed; then kills
# the server whose process id stands in FOLDER/pid, if any, and removes FOLDER.
# usage: janitor.sh FOLDER
set -uo pipefail

folder=$1
# Ctrl-C belongs to the test run, whose end we wait for.
trap '' INT TERM HUP

while read -r; do :; done

pid=$(cat "$folder/pid" 2>/dev/null)
# The id may belong to another process by now: a server of ours names its folder.
if [ -n "$pid" ] && ps -o args= -p "$pid" | grep -qF -- "$folder"; then kill -9 "$pid"; fi

# The server's own children notice its death; until then they write into their folder.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf "$folder" 2>/dev/null && exit
  sleep 0.2
done
