#!/usr/bin/env bash
# A throw-away Apache Kafka (KRaft, one node) on loopback.
# usage: kafka.sh fetch CACHE               fetches the broker, once; fails when it cannot be had
#        kafka.sh init CACHE FOLDER PORT…   makes certificates, settings and an empty log; five ports:
#                                           plain, SASL, TLS, SASL over TLS, controller
#        kafka.sh run CACHE FOLDER          runs it in the foreground, as this very process
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$2
jars=$cache/kafka-4.4.0

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
run_java() {
  exec "$java" -Xms192m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \
    -Dlog4j2.configurationFile="$here/kafka.log4j2.xml" -cp "$jars/*" "$@"
}

fetch() {
  [ -d "$jars" ] && return
  mkdir -p "$cache"
  # Moved into place when it is whole: another test run may look, or fetch, at the same time.
  local part
  part=$(mktemp -d "$cache/fetching-XXXXXX")
  mvn -q -B -f "$here/kafka.pom.xml" dependency:copy-dependencies -DoutputDirectory="$part" \
    -DincludeScope=runtime >&2 || { rm -rf "$part"; return 1; }
  mv -T "$part" "$jars" 2>/dev/null || rm -rf "$part"
}

settings() {
  local module=org.apache.kafka.common.security
  cat <<S
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$5
listeners=PLAINTEXT://127.0.0.1:$1,SASL_PLAINTEXT://127.0.0.1:$2,SSL://127.0.0.1:$3,SASL_SSL://127.0.0.1:$4,CONTROLLER://127.0.0.1:$5
advertised.listeners=PLAINTEXT://127.0.0.1:$1,SASL_PLAINTEXT://127.0.0.1:$2,SSL://localhost:$3,SASL_SSL://localhost:$4
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
ssl.keystore.type=PEM
ssl.keystore.location=$folder/server.pem
ssl.truststore.type=PEM
ssl.truststore.location=$folder/ca.crt
# TLS alone asks for a certificate of the client; SASL over TLS does not.
listener.name.ssl.ssl.client.auth=required
log.dirs=$folder/data
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# Else a broker that was killed is away for another ten seconds after it came back.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
S
  local listener
  for listener in sasl_plaintext sasl_ssl; do
    echo "listener.name.$listener.plain.sasl.jaas.config=$module.plain.PlainLoginModule required user_tester=\"secret\";"
    echo "listener.name.$listener.scram-sha-256.sasl.jaas.config=$module.scram.ScramLoginModule required;"
    echo "listener.name.$listener.scram-sha-512.sasl.jaas.config=$module.scram.ScramLoginModule required;"
  done
}

case $1 in
fetch)
  command -v "$java" >/dev/null || { echo "no Java here" >&2; exit 1; }
  fetch
  ;;
init)
  folder=$3
  shift 3
  "$here/certificates.sh" "$folder" tester
  settings "$@" >"$folder/server.properties"
  id=$(head -c16 /dev/urandom | base64 | tr '+/' '-_' | tr -d =)
  run_java kafka.tools.StorageTool format -t "$id" -c "$folder/server.properties" \
    --add-scram 'SCRAM-SHA-256=[name=tester,password=secret]' \
    --add-scram 'SCRAM-SHA-512=[name=tester,password=secret]' >/dev/null
  ;;
run)
  run_java kafka.Kafka "$3/server.properties"
  ;;
esac
