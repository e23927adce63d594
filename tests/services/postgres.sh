#!/usr/bin/env bash
# A throw-away PostgreSQL on loopback.
# usage: postgres.sh find             prints the folder of its programs; fails when there is none
#        postgres.sh init FOLDER      makes certificates and an empty cluster
#        postgres.sh run FOLDER PORT  runs it in the foreground, as this very process
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

find_programs() {
  local folder
  for folder in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
      echo "$folder"
      return
    fi
  done
  return 1
}

# It refuses to run as root.
as_user() {
  if [ "$(id -u)" != 0 ]; then exec "$@"; fi
  local user=postgres
  id -u "$user" >/dev/null 2>&1 || user=nobody
  chown -R "$user" "$folder"
  exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}

if [ "$1" = find ]; then
  find_programs
  exit
fi

programs=$(find_programs)
folder=$2
cd "$folder"
case $1 in
init)
  "$here/certificates.sh" "$folder" by_certificate
  echo secret >password
  (as_user "$programs/initdb" -D "$folder/data" -U tester --pwfile="$folder/password" \
    -A scram-sha-256 --no-sync -E UTF8 --locale=C >/dev/null)
  sed -i '1i hostssl all by_certificate 127.0.0.1/32 cert' data/pg_hba.conf
  ;;
run)
  rm -f data/postmaster.pid
  as_user "$programs/postgres" -D "$folder/data" \
    -c listen_addresses=127.0.0.1 -c port="$3" -c unix_socket_directories= -c fsync=off \
    -c ssl=on -c ssl_cert_file="$folder/server.crt" -c ssl_key_file="$folder/server.key" \
    -c ssl_ca_file="$folder/ca.crt"
  ;;
esac
