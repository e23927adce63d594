#!/usr/bin/env bash
# A throw-away OTLP collector on loopback, which reads what it gets by the messages of OpenTelemetry itself.
# usage: otlp.sh fetch CACHE             installs what it needs, once; fails when it cannot be had
#        otlp.sh run CACHE FOLDER PORT   runs it in the foreground, as this very process
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$2
environment=$cache/opentelemetry-proto-1.45.2

case $1 in
fetch)
  [ -d "$environment" ] && exit
  mkdir -p "$cache"
  # Moved into place when it is whole: another test run may look, or fetch, at the same time.
  part=$(mktemp -d "$cache/fetching-XXXXXX")
  { python3 -m venv "$part" &&
    "$part/bin/python" -m pip install -q --disable-pip-version-check 'opentelemetry-proto==1.45.2'; } >&2 ||
    { rm -rf "$part"; exit 1; }
  mv -T "$part" "$environment" 2>/dev/null || rm -rf "$part"
  ;;
run)
  # The folder among the words tells whose server it is.
  exec "$environment/bin/python" "$here/otlp.py" "$3" "$4"
  ;;
esac
