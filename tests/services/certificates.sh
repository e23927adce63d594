#!/usr/bin/env bash
# A private certificate authority for tests, a server certificate for localhost and a client's.
# usage: certificates.sh FOLDER CLIENT_NAME
set -euo pipefail

cd "$1"
client=$2

key() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "$@" 2>/dev/null; }
sign() { openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 "$@" 2>/dev/null; }

key -x509 -days 30 -subj "/CN=test authority" -keyout ca.key -out ca.crt
key -x509 -days 30 -subj "/CN=another authority" -keyout other.key -out other-ca.crt
key -subj "/CN=localhost" -keyout server.key -out server.csr
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >names
sign -in server.csr -extfile names -out server.crt
key -subj "/CN=$client" -keyout client.key -out client.csr
sign -in client.csr -out client.crt
# Kafka reads key and certificate from one file.
cat server.key server.crt >server.pem
chmod 600 ./*.key server.pem
