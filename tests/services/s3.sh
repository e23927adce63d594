#!/usr/bin/env bash
# A throw-away S3 on loopback: moto, which keeps everything in memory.
# usage: s3.sh fetch CACHE             installs it, once; fails when it cannot be had
#        s3.sh run CACHE FOLDER PORT   runs it in the foreground, as this very process
set -euo pipefail
cache=$2
environment=$cache/moto-5.2.5

case $1 in
fetch)
  [ -d "$environment" ] && exit
  mkdir -p "$cache"
  # Moved into place when it is whole: another test run may look, or fetch, at the same time.
  part=$(mktemp -d "$cache/fetching-XXXXXX")
  { python3 -m venv "$part" &&
    "$part/bin/python" -m pip install -q --disable-pip-version-check 'moto[server]==5.2.5'; } >&2 ||
    { rm -rf "$part"; exit 1; }
  mv -T "$part" "$environment" 2>/dev/null || rm -rf "$part"
  ;;
run)
  # The folder among the words tells whose server it is.
  exec "$environment/bin/python" -c 'import sys; from moto.server import main; main(sys.argv[2:])' \
    "$3" -H 127.0.0.1 -p "$4"
  ;;
esac
