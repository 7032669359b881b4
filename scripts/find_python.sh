#!/bin/sh
# Print the interpreter to make .venv with: the one named as $1, else the first found that is 3.11 or newer.
set -u

usable() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

for candidate in ${1:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if usable "$candidate"; then
        command -v "$candidate"
        exit 0
    fi
done

found=$("${1:-python3}" --version 2>/dev/null) || found="no such program"
echo "Expected Python 3.11 or newer with its venv module, but ${1:-python3} is: $found; install one" \
    "(on Debian and Ubuntu with the package python3-venv) or name one with PYTHON=PROGRAM." >&2
exit 1
