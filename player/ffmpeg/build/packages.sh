#!/usr/bin/env bash
# packages.sh GROUP...: sees to it that the system has what the groups (build, run, test, lint) need. On Debian and its
# relatives the packages of what is missing are installed, by one apt-get call, as root or through sudo; where that is
# not permitted, and on other systems, it says what is missing and what to do about it.
set -euo pipefail

# One need a line: group, Debian package (or the first of several that the archive has), and how to see that it is
# there: cmd: a program, lib: a shared library, header: a C header, file: a file, which may be a pattern.
readonly needs='
build ca-certificates            file:/etc/ssl/certs/ca-certificates.crt
build curl                       cmd:curl
build gcc                        cmd:gcc
build libc6-dev                  header:stdlib.h
build make                       cmd:make
build nasm                       cmd:nasm
build pkg-config                 cmd:pkg-config
build meson                      cmd:meson
build ninja-build                cmd:ninja
build zlib1g-dev                 header:zlib.h
build xz-utils                   cmd:xz
run   libx11-6                   lib:libX11.so.6
run   libxrandr2                 lib:libXrandr.so.2
run   libxi6                     lib:libXi.so.6
run   libxcursor1                lib:libXcursor.so.1
run   libxinerama1               lib:libXinerama.so.1
run   libxrender1                lib:libXrender.so.1
run   libgl1                     lib:libGL.so.1
run   libasound2t64|libasound2   lib:libasound.so.2
test  ffmpeg                     cmd:ffmpeg
test  xvfb                       cmd:Xvfb
test  xauth                      cmd:xauth
test  libgl1-mesa-dri            file:/usr/lib/*/dri/swrast_dri.so
test  x11-apps                   cmd:xwd
test  x11-utils                  cmd:xwininfo
test  imagemagick                cmd:convert
test  xdotool                    cmd:xdotool
test  pulseaudio                 cmd:pulseaudio
test  pulseaudio-utils           cmd:parec
lint  shellcheck                 cmd:shellcheck
'
readonly lockSeconds=600 # how long another run of apt or dpkg is waited for

say() { echo "packages: $*" >&2; }

# there PROBE: whether the need is met.
there() {
  local what=${1#*:}
  case $1 in
  cmd:*) command -v "$what" >/dev/null ;;
  lib:*) [[ $libraries == *"${what} "* ]] ;;
  header:*) gcc -E -x c -include "$what" /dev/null >/dev/null 2>&1 ;;
  file:*) compgen -G "$what" >/dev/null ;;
  esac
}

# installed PACKAGES: whether dpkg knows one of them, separated by |, as installed: some file may have moved.
installed() {
  local p
  command -v dpkg-query >/dev/null || return 1
  for p in ${1//|/ }; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] && return
  done
  return 1
}

# pick PACKAGES: prints the first of them that apt can install; where apt knows none, as before its first update, the
# first.
pick() {
  local p
  for p in ${1//|/ }; do
    [[ $(apt-cache policy "$p" 2>/dev/null) == *$'\n  Candidate: '[^\(]* ]] && echo "$p" && return
  done
  echo "${1%%|*}"
}

# find_missing sets missing to the packages of what is not there, and what to the things themselves.
find_missing() {
  local group package probe
  libraries="$(/sbin/ldconfig -p 2>/dev/null | awk '{ printf "%s ", $1 }') "
  missing=()
  what=()
  while read -r group package probe; do
    [[ -n $group && " $groups " == *" $group "* ]] || continue
    there "$probe" || installed "$package" && continue
    missing+=("$package")
    what+=("${probe#*:}")
  done <<<"$needs"
}

groups=$*
[ -n "$groups" ] || { say "usage: packages.sh GROUP..."; exit 2; }
find_missing
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  say "this system lacks: ${what[*]}"
  say "it is no Debian, so please install them by its own means (the README, under Building, says what they are for)"
  exit 1
fi

root=()
if [ "$(id -u)" -ne 0 ]; then
  root=(sudo)
fi
apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o "DPkg::Lock::Timeout=$lockSeconds" -o Dpkg::Use-Pty=0 -q)

# give_up REASON HOW [SUDO]: says what to run by hand, and how.
give_up() {
  local names=() p
  for p in "${missing[@]}"; do names+=("$(pick "$p")"); done
  say "$1. Run this$2, then the same make again:

  ${3-}apt-get update && ${3-}apt-get install -y --no-install-recommends ${names[*]}
"
  exit 1
}

if [ ${#root[@]} -gt 0 ]; then
  command -v sudo >/dev/null || give_up "only root can install what is missing, and there is no sudo" " as root"
  [ -t 0 ] || sudo -n true 2>/dev/null ||
    give_up "only root can install what is missing, and sudo wants a password" "" "sudo "
fi
say "installing: ${missing[*]}"
"${apt[@]}" update >&2 || say "apt-get update had errors; trying with what it got"
names=()
for p in "${missing[@]}"; do names+=("$(pick "$p")"); done
"${apt[@]}" install -y --no-install-recommends "${names[@]}" </dev/null >&2 || give_up "apt-get install failed" "" "${root:+sudo }"
find_missing
[ ${#missing[@]} -eq 0 ] || { say "installed, and yet not there: ${what[*]}"; exit 1; }
