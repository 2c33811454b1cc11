#!/bin/sh
# install-apertium.sh PACKAGE...: install Apertium with these pairs from Debian where that is possible; say how where not.
set -eu
wanted="apertium $*"
missing=
for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

explain() {
    echo "Apertium, the embedded translator, is not installed here. On Debian or Ubuntu:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y$missing" >&2
    echo "Until then the translations of the seed rows that come with taco are used." >&2
    exit 1
}

command -v apt-get >/dev/null 2>&1 || explain
if [ "$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else explain; fi
echo "Installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
{ $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1 || explain
