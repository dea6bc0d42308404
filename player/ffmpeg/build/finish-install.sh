#!/usr/bin/env bash
# finish-install.sh PREFIX LICENCE NAME: makes an installed tree fit to be moved and kept: no debug information, no
# absolute paths in the pkg-config files, nothing a build does not need, and the licence as licences/NAME.txt.
set -euo pipefail
prefix=$1
licence=$2
name=$3

strip --strip-debug "$prefix"/lib/*.a
# shellcheck disable=SC2016 # pkg-config, not the shell, expands these
sed -i -e 's|^prefix=.*|prefix=${pcfiledir}/../..|' -e 's|^libdir=.*|libdir=${prefix}/lib|' \
  -e 's|^includedir=.*|includedir=${prefix}/include|' -e '/^Libs/s| -L/[^ ]*||g' "$prefix"/lib/pkgconfig/*.pc
rm -rf "$prefix/share"
install -D -m 644 "$licence" "$prefix/licences/$name.txt"
