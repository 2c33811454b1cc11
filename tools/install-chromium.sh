#!/bin/sh
# install-chromium.sh: install Chromium and its driver from Debian where that is possible; say how where not.
set -eu
command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1 && exit 0

explain() {
    echo "Chromium, which the report's page is tested in, is not installed here. On Debian:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends chromium chromium-driver" >&2
    echo "Until then the tests that need it are skipped." >&2
    exit 1
}

command -v apt-get >/dev/null 2>&1 || explain
if [ "$(id -u)" = 0 ]; then sudo=; elif sudo -n true 2>/dev/null; then sudo=sudo; else explain; fi
echo "Installing chromium chromium-driver" >&2
export DEBIAN_FRONTEND=noninteractive
{ $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends chromium chromium-driver; } >/dev/null 2>&1 || explain
