#!/bin/sh
# make-venv.sh FOLDER EXTRAS [PIP FLAGS...]: make a virtual environment and install this project with EXTRAS into it.
set -eu
folder=$1 extras=$2
shift 2

fail() { printf '%s\n' "$@" >&2; exit 1; }

find_python() {
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

apt_install() {
    if [ "$(id -u)" = 0 ]; then
        apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >&2
    elif sudo -n true 2>/dev/null; then
        sudo apt-get update -qq >&2 && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >&2
    else
        return 1
    fi
}

has_apt=$(command -v apt-get || true)
python=$(find_python) || { [ -n "$has_apt" ] && apt_install python3 python3-venv && python=$(find_python); } ||
    fail "Python 3.11 or newer is needed. Install it (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: PYTHON=/path/to/python3 make ..."

if ! [ -x "$folder/bin/pip" ]; then
    echo "Making $folder with $("$python" --version)" >&2
    rm -rf "$folder"
    "$python" -m venv "$folder" >/dev/null 2>&1 ||
        { [ -n "$has_apt" ] && apt_install python3-venv && rm -rf "$folder" && "$python" -m venv "$folder"; } ||
        fail "$python has no venv module. Install it (Debian, Ubuntu: apt-get install python3-venv) and try again."
fi

echo "Installing taco-llm[$extras] into $folder (about 1.3 GB with torch's CPU build)" >&2
# Bytecode is compiled at the end, on all cores; pip uses one.
# torch goes first and alone: the version that the constraints name must be there before anything else can ask for one.
"$folder/bin/pip" install --quiet --no-compile "$@" -c constraints.txt torch 2>"$folder/pip.log" &&
    "$folder/bin/pip" install --quiet --no-compile "$@" -c constraints.txt -e ".[$extras]" 2>>"$folder/pip.log" ||
    { cat "$folder/pip.log" >&2; fail "The installation failed; what pip said is above."; }
"$folder/bin/python" -m compileall -q -j 0 "$folder/lib" >/dev/null 2>&1 || true
