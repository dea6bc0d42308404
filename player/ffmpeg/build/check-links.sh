#!/usr/bin/env bash
# check-links.sh PROGRAM: fails unless the program needs nothing at start but the C library and zlib: FFmpeg and dav1d
# are linked in, X, GL and sound are loaded when they are first used.
set -euo pipefail
readonly allowed='lib(c|m|z|dl|rt|pthread|resolv)\.so\.[0-9]+|ld-linux[^ ]*\.so\.[0-9]+'
needed=$(LC_ALL=C readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
wrong=$(grep -vxE "$allowed" <<<"$needed" | paste -sd' ') || true
[ -z "$wrong" ] || {
  echo "check-links.sh: $1 must not be linked dynamically with: $wrong" >&2
  exit 1
}
