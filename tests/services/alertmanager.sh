#!/usr/bin/env bash
# A throw-away Prometheus Alertmanager on loopback, unpacked from Debian's package: nothing is installed.
# usage: alertmanager.sh fetch CACHE             unpacks it, once; fails when it cannot be had
#        alertmanager.sh run CACHE FOLDER PORT   runs it in the foreground, as this very process
set -euo pipefail
cache=$2
unpacked=$cache/alertmanager
templates=usr/share/prometheus/alertmanager

# Debian's program reads its templates from where a package would be installed: another path, of the same length,
# is the folder that it runs in.
relocate() {
  local from=/$templates
  local here
  here=$(printf './%.0s' $(seq $((${#from} / 2))))
  LC_ALL=C sed -i "s#$from#$here#g" "$1/usr/bin/prometheus-alertmanager"
}

case $1 in
fetch)
  [ -x "$unpacked/usr/bin/prometheus-alertmanager" ] && exit
  mkdir -p "$cache"
  # Moved into place when it is whole: another test run may look, or fetch, at the same time.
  part=$(mktemp -d "$cache/fetching-XXXXXX")
  { (cd "$part" && apt-get -qq download prometheus-alertmanager) &&
    dpkg-deb -x "$part"/prometheus-alertmanager_*.deb "$part/root" &&
    relocate "$part/root"; } >&2 ||
    { rm -rf "$part"; exit 1; }
  mv -T "$part/root" "$unpacked" 2>/dev/null || true
  rm -rf "$part"
  ;;
run)
  cat >"$3/alertmanager.yml" <<'YAML'
route: { receiver: nobody }
receivers: [{ name: nobody }]
YAML
  cd "$unpacked/$templates"
  # The folder among the words tells whose server it is.
  exec "$unpacked/usr/bin/prometheus-alertmanager" --config.file="$3/alertmanager.yml" \
    --storage.path="$3/data" --web.listen-address="127.0.0.1:$4" --cluster.listen-address=
  ;;
esac
