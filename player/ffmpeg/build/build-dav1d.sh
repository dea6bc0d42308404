#!/usr/bin/env bash
# build-dav1d.sh SOURCE DEST: compiles dav1d as a static library with its assembly and leaves an installed tree,
# which may be moved anywhere, in DEST. Progress is ninja's "[n/m]" lines on standard output.
set -euo pipefail
source=$(cd "$1" && pwd)
dest=$2
here=$(cd "$(dirname "$0")" && pwd)

meson setup "$source/_build" "$source" --prefix=/dav1d --libdir=lib --buildtype=release -Db_ndebug=true \
  --default-library=static -Denable_tools=false -Denable_tests=false -Denable_examples=false
ninja -C "$source/_build" # one line a step, since standard output is no terminal
DESTDIR=$source/_install meson install -C "$source/_build" --no-rebuild
"$here/finish-install.sh" "$source/_install/dav1d" "$source/COPYING" dav1d
mv -T "$source/_install/dav1d" "$dest"
