#!/usr/bin/env bash
# ffmpeg.sh env: prints, as shell commands, the environment in which the go command finds the FFmpeg libraries; builds
# them first where that has not been done yet.
# ffmpeg.sh prefix: the same, but prints the folder they are in.
# ffmpeg.sh key: prints the hash of everything that goes into them.
#
# The libraries live outside the repository, in $MSEPLAYER_CACHE (default: $XDG_CACHE_HOME/mseplayer, or
# ~/.cache/mseplayer), in a folder named by version and key. The name matters: Go's build cache knows the flags it is
# given, not what lies in the folders they name, so another build must have another name.
#
# A build happens in a folder of its own and is moved to its place in one step, under a lock: it may be interrupted at
# any time, and of two at once one waits for the other. SYSTEM_FFMPEG=1 takes the system's shared libraries instead.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions"
cache=${MSEPLAYER_CACHE:-${XDG_CACHE_HOME:-${HOME:?is not set, nor is MSEPLAYER_CACHE}/.cache}/mseplayer}
[[ $cache == /* ]] || cache=$PWD/$cache
work=$cache/work # guarded by the lock, like the logs
logs=$cache/log

readonly quietSeconds=15 # how often a line comes where standard error is no terminal
readonly tailLines=25    # how much of a log is shown when a build fails

say() { echo "ffmpeg: $*" >&2; }
die() {
  say "$*"
  exit 1
}

# compiler prints what the compiler says of itself, which is part of the key.
compiler() { "${CC:-gcc}" --version | head -n 1 && "${CC:-gcc}" -dumpmachine; }
hash() { sha256sum | cut -c1-12; }
dav1dKey() { { compiler && echo "$dav1d_sha256" && cat "$here"/{build-dav1d,finish-install}.sh; } | hash; }
ffmpegKey() {
  {
    dav1dKey && echo "$ffmpeg_sha256" "$libva_debian_sha256"
    cat "$here"/{build-ffmpeg,build-libva,finish-install}.sh "$here/libva/libva.c" "$here"/config/*
  } | hash
}

# finished KEY: prints the folder of the finished libraries, the pinned version or else a newer one of its series.
finished() {
  local p
  for p in "$cache/ffmpeg-$ffmpeg_version-$1" "$cache/ffmpeg-$ffmpeg_series".*"-$1"; do
    [ -d "$p" ] && echo "$p" && return
  done
  return 1
}

# stage FROM TO NAME WHAT: tells the watcher that the build goes from FROM to TO percent while "[n/m]" lines are
# written to the log of that name.
stage() {
  printf '%s\n' "$1" "$2" "$logs/$3.log" "$4" >"$work/stage.new"
  mv -f "$work/stage.new" "$work/stage"
}

# unpack ARCHIVE: leaves the content of a source archive in the working folder, under the name it has there.
unpack() {
  mkdir "$work/${1%.tar.*}"
  tar -xf "$cache/src/$1" -C "$work/${1%.tar.*}" --strip-components=1
}

# build KEY: the whole build, in stages; the output goes into their logs.
build() {
  local key=$1 ffmpeg dav1d dav1dPrefix libva='' libvaPrefix=''
  unset CFLAGS CPPFLAGS CXXFLAGS LDFLAGS ASFLAGS MAKEFLAGS MFLAGS MAKELEVEL PKG_CONFIG_PATH DESTDIR
  stage 0 1 source "getting the sources"
  exec >"$logs/source.log" 2>&1
  ffmpeg=$("$here/fetch-source.sh" ffmpeg "$cache/src")
  dav1d=$("$here/fetch-source.sh" dav1d "$cache/src")
  unpack "$ffmpeg"
  unpack "$dav1d"
  ffmpeg=${ffmpeg%.tar.*} dav1d=${dav1d%.tar.*}
  if [ "$(uname -s)" = Linux ]; then
    libva=$("$here/fetch-source.sh" libva "$cache/src")
    unpack "$libva"
    libva=${libva%.tar.*} libvaPrefix=$work/libva
    "$here/build-libva.sh" "$work/$libva" "$libvaPrefix"
  fi

  dav1dPrefix=$cache/$dav1d-$(dav1dKey)
  if [ ! -d "$dav1dPrefix" ]; then
    stage 1 30 dav1d "compiling dav1d"
    exec >"$logs/dav1d.log" 2>&1
    "$here/build-dav1d.sh" "$work/$dav1d" "$dav1dPrefix"
  fi

  stage 30 99 ffmpeg "compiling FFmpeg"
  exec >"$logs/ffmpeg.log" 2>&1
  "$here/build-ffmpeg.sh" "$work/$ffmpeg" "$dav1dPrefix" "$cache/$ffmpeg-$key" "$libvaPrefix"
  rm -rf "${work:?}/$ffmpeg" "${work:?}/$dav1d" ${libva:+"${work:?}/$libva" "$libvaPrefix"} # here, too, for a builder that has outlived its watcher
}

# clock SECONDS: such as 2:07.
clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# progress prints how far the running stage is, such as "42 % compiling FFmpeg".
progress() {
  local s n
  mapfile -t s < <(cat "$work/stage" 2>/dev/null)
  [ ${#s[@]} -eq 4 ] || s=(0 1 "" starting) # of a build that is not ours, and just begins or ends
  n=$(grep -oE '^\[[0-9]+/[0-9]+\]' "${s[2]}" 2>/dev/null | tail -n 1 | tr -d '[]') || n=0/1
  echo "$((s[0] + (s[1] - s[0]) * ${n:-0/1})) % ${s[3]}" # n is a fraction
}

# watch PID: shows how the build is getting on until it ends, and returns its exit status.
watch() {
  local start=$SECONDS last=-1 step=$quietSeconds line
  [ ! -t 2 ] || step=1
  while kill -0 "$1" 2>/dev/null; do
    if [ $((SECONDS - start)) -ge $((last < 0 ? 0 : last + step)) ]; then
      last=$((SECONDS - start))
      line="$(progress), $(clock $last)"
      if [ -t 2 ]; then
        printf '\r\033[Kffmpeg: %s' "$line" >&2
      else
        say "$line"
      fi
    fi
    sleep 0.2 &
    wait $! || true # unlike a sleep in the foreground, it lets a signal through at once
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
  wait "$1"
}

# lock waits until no other build runs in this cache. The builder inherits it: should this script be killed, the lock
# stays until the builder, too, is gone.
lock() {
  local start=$SECONDS
  mkdir -p "$cache" "$logs"
  exec 9>"$cache/lock"
  flock -n 9 && return
  say "another build is going on in $cache; waiting for it"
  until flock -w $quietSeconds 9; do
    say "still waiting, $(clock $((SECONDS - start))); it is at $(progress)"
  done
}

checkTools() {
  local missing="" t
  for t in "${CC:-gcc}" make meson ninja pkg-config strip tar xz flock; do
    command -v "$t" >/dev/null || missing+=" $t"
  done
  if [ "$(uname -m)" = x86_64 ] && ! command -v nasm >/dev/null; then
    missing+=" nasm"
  fi
  [ -z "$missing" ] || die "missing programs:$missing (on Debian, make installs what is missing)"
  [[ $cache != *[!A-Za-z0-9_.,+@%/~-]* ]] ||
    die "$cache: compilers do not get along with a folder name like this; set MSEPLAYER_CACHE to a plain one"
}

# ensure sets prefix to the folder of the finished libraries, which it builds if need be.
ensure() {
  local key builder s start=$SECONDS
  command -v "${CC:-gcc}" >/dev/null || checkTools
  key=$(ffmpegKey)
  prefix=$(finished "$key") && return
  checkTools
  lock
  rm -rf "$work" # of a build that was killed
  prefix=$(finished "$key") && return
  mkdir -p "$work"
  say "building FFmpeg $ffmpeg_version with dav1d $dav1d_version into $cache, once; this takes some minutes"
  stage 0 1 source "starting"
  set -m # the builder gets a process group of its own, so that it can be stopped with all it started
  (build "$key") </dev/null &
  builder=$!
  set +m
  trap 'stop "$builder"' INT TERM HUP
  watch "$builder" || {
    mapfile -t s <"$work/stage"
    say "failed while ${s[3]}; the end of ${s[2]}:"
    tail -n $tailLines "${s[2]}" >&2
    rm -rf "$work"
    exit 1
  }
  trap - INT TERM HUP
  rm -rf "$work"
  grep -h WARNING "$logs/source.log" >&2 || true
  say "built in $(clock $((SECONDS - start)))"
  prefix=$(finished "$key")
}

# stop PID: ends the builder with everything it started, and this script.
stop() {
  trap '' INT TERM HUP
  kill -- "-$1" 2>/dev/null || true
  wait
  rm -rf "$work"
  echo >&2
  say "interrupted; the next run starts this step again"
  exit 130
}

# system prints the environment for the system's shared libraries.
system() {
  local version
  pkg-config --exists "libavcodec >= $system_libavcodec_min libavcodec < $system_libavcodec_below" \
    libavdevice libavfilter libavformat libswresample libswscale libavutil ||
    die "SYSTEM_FFMPEG=1: pkg-config finds no development files of FFmpeg $ffmpeg_series (libavcodec" \
      "$system_libavcodec_min or later, below $system_libavcodec_below); without SYSTEM_FFMPEG it is built"
  version=$(pkg-config --modversion libavcodec)
  # The definition is there for Go's build cache, which would not see another version behind the same flags.
  echo "export CGO_ENABLED=1 CGO_CFLAGS='-O2 -g -DMSEPLAYER_SYSTEM_LIBAVCODEC=${version//./}' CGO_LDFLAGS='-O2 -g'"
}

case ${1:-} in
env)
  if [ "${SYSTEM_FFMPEG:-}" = 1 ]; then
    system
    exit
  fi
  ensure
  echo "export CGO_ENABLED=1 PKG_CONFIG_PATH='$prefix/lib/pkgconfig'" \
    "CGO_CFLAGS='-O2 -g -I$prefix/include' CGO_LDFLAGS='-O2 -g -L$prefix/lib'"
  ;;
prefix)
  ensure
  echo "$prefix"
  ;;
key) ffmpegKey ;;
*) die "usage: ffmpeg.sh env|prefix|key" ;;
esac
