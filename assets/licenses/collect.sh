#!/usr/bin/env bash
# collect.sh: gathers the licences of everything that is linked into the program, in texts/, one folder a component: our
# own, FFmpeg, dav1d and the headers of libva as they were built, Go, and each module that go.mod requires, with the
# licences of those of its packages that have one of their own. Run it after a change of go.mod or of
# player/ffmpeg/build/versions.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
# shellcheck source=../../player/ffmpeg/build/versions
. "$root/player/ffmpeg/build/versions"

new=$(mktemp -d "$here/.texts-XXXXXX")
trap 'rm -rf "$new"' EXIT
chmod 755 "$new"

# put FILE COMPONENT [NAME]: copies a licence, without white space at the ends of its lines.
put() {
  mkdir -p "$new/$2"
  sed 's/[[:space:]]*$//' "$1" >"$new/$2/${3:-$(basename "$1")}"
}

put LICENSE mseplayer
prefix=$(player/ffmpeg/build/ffmpeg.sh prefix)
put "$prefix/licences/ffmpeg.txt" ffmpeg LICENSE
put "$prefix/licences/dav1d.txt" dav1d LICENSE
put "$prefix/licences/libva.txt" libva LICENSE
cat >"$new/ffmpeg/NOTICE" <<END
mseplayer is linked with the libraries of FFmpeg $ffmpeg_version, which are used under the GNU Lesser General Public License,
version 2.1 or later. They are built, unchanged, from the source release
  $ffmpeg_url
  SHA-256 $ffmpeg_sha256
by the scripts in player/ffmpeg/build of mseplayer's own source, which \`make\` runs: they fetch that source, hold the
whole configuration, and link the program anew after any change to either. \`make SYSTEM_FFMPEG=1\` links it with the
FFmpeg of the system instead. Some of FFmpeg's files have licences of the MIT and BSD kind; this software is based in part
on the work of the Independent JPEG Group.
END
cat >"$new/dav1d/NOTICE" <<END
dav1d $dav1d_version, built unchanged from the source release
  $dav1d_url
  SHA-256 $dav1d_sha256
END
cat >"$new/libva/NOTICE" <<END
On Linux mseplayer is compiled with the headers of libva $libva_version, unchanged from the source archive
  $libva_url
  SHA-256 $libva_sha256
The library itself is no part of it: where the system has one, it is loaded when hardware is to decode.
END
put "$(go env GOROOT)/LICENSE" go

# The modules, then the folders of their packages that are in use.
go mod edit -json | sed -nE 's/.*"Path": "(.*)",/\1/p' >"$new/modules"
xargs go mod download <"$new/modules"
CGO_ENABLED=1 go list -e -deps -f '{{with .Module}}{{if not .Main}}{{$.Dir}}{{end}}{{end}}' ./... >"$new/folders"
while read -r module; do
  dir=$(go list -m -f '{{.Dir}}' "$module")
  # Each folder in use and those above it, up to the module's own.
  { grep -E "^$dir(/|\$)" "$new/folders" || true; echo "$dir"; } | while read -r f; do
    while [[ $f == "$dir"* ]]; do
      echo "$f"
      f=$(dirname "$f")
    done
  done | sort -u | while read -r f; do
    case $f in */font/gofont) f+=/ttfs && set -- "$f/README" ;; *) set -- "$f"/*[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]* "$f"/COPYING* "$f"/NOTICE* "$f"/PATENTS* ;; esac
    for l in "$@"; do
      [ -f "$l" ] && [[ $l != *.go ]] && put "$l" "$module${f#"$dir"}"
    done
  done || true
  [ -d "$new/$module" ] || { echo "collect.sh: no licence found in $module" >&2; exit 1; }
done <"$new/modules"

rm "$new/modules" "$new/folders"
rm -rf "$here/texts"
mv -T "$new" "$here/texts"
trap - EXIT
