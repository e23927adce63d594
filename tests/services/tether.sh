#!/usr/bin/env bash
# Runs a server for as long as standard input is open, so that a test run that ends in any way, kill -9
# included, leaves no server behind.
# usage: tether.sh FOLDER COMMAND…    the server's process id is kept in FOLDER/pid; when standard input
#                                     ends, the server is killed and FOLDER removed
set -euo pipefail

folder=$1
shift
exec 3<&0 2>>"$folder/log"
# Ctrl-C belongs to the test run, which then closes our input.
trap '' INT

"$@" >>"$folder/log" 2>&1 </dev/null 3<&- &
server=$!
echo "$server" >"$folder/pid"

# Without a program of its own, which would outlive it when it is killed.
(
  while read -r -u 3; do :; done
  touch "$folder/closing"
  kill -9 "$server"
  # The server's own children notice its death; until then they write into their folder.
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$folder" && break
    sleep 0.2
  done
) 2>/dev/null &
watcher=$!
exec 3<&-

status=0
wait "$server" || status=$?
# Unless the watcher is cleaning up, the server was stopped on purpose: its data is for the next start.
if [ -e "$folder" ] && ! [ -e "$folder/closing" ]; then
  kill "$watcher" 2>/dev/null || true
fi
wait "$watcher" 2>/dev/null || true
exit "$status"
