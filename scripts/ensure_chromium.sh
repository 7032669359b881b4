#!/bin/sh
# The browser tests need a Chromium: do nothing when one is on PATH, else install the system's package.
set -u

for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo"
fi
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || command -v sudo >/dev/null 2>&1; }; then
    echo "Installing chromium for the browser tests."
    if $as_root apt-get update -qq >/dev/null &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; then
        exit 0
    fi
fi
echo "Expected chromium, chromium-browser or google-chrome on PATH for the browser tests, but found none and could not" \
    "install it; install Chromium and run make again." >&2
exit 1
