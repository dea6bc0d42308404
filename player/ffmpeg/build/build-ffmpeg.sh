#!/usr/bin/env bash
# build-ffmpeg.sh SOURCE DAV1D DEST [LIBVA]: compiles the FFmpeg libraries, LGPL, static, with their assembly, and leaves
# an installed tree, which may be moved anywhere, in DEST; dav1d, installed in DAV1D, is copied into it, and so is what
# build-libva.sh left in LIBVA; without that there is no decoding by hardware. What is built in stands in config/, one
# file a kind of component. Progress is "[n/m]" lines on standard output, as ninja writes them.
set -euo pipefail
source=$(cd "$1" && pwd)
dav1d=$(cd "$2" && pwd)
dest=$3
libva=${4:+$(cd "$4" && pwd)}
here=$(cd "$(dirname "$0")" && pwd)

# words FILE: the names in a list, one a line, without its comments.
words() {
  sed 's/#.*//' "$1" | tr -s '[:space:]' '\n' | sed '/^$/d'
}

components=(decoder demuxer parser bsf filter encoder muxer protocol)
enable=()
if [ -n "$libva" ]; then
  components+=(hwaccel)
  enable+=(--enable-vaapi)
fi
for c in "${components[@]}"; do
  enable+=("--enable-$c=$(words "$here/config/${c}s" | paste -sd,)")
done

export PKG_CONFIG_PATH=$dav1d/lib/pkgconfig${libva:+:$libva/lib/pkgconfig}
cd "$source" # built in its own tree, so that no path of this machine gets into the libraries
./configure --prefix=/ffmpeg --cc="${CC:-gcc}" \
  --disable-everything --disable-autodetect --disable-network --disable-programs --disable-doc --disable-debug \
  --disable-shared --enable-static --enable-pic --enable-pthreads --enable-zlib \
  --disable-postproc --enable-avdevice --enable-libdav1d --pkg-config-flags=--static \
  "${enable[@]}"

# configure passes over names it does not know, and over components whose needs are not met.
missing=
for c in "${components[@]}"; do
  while read -r name; do
    grep -qx "#define CONFIG_${name^^}_${c^^} 1" config_components.h || missing+=" $c $name,"
  done < <(words "$here/config/${c}s")
done
[ -z "$missing" ] || {
  echo "build-ffmpeg.sh: not in this FFmpeg, or not possible:${missing%,}" >&2
  exit 1
}
grep -qx '#define FFMPEG_LICENSE "LGPL version 2.1 or later"' config.h || {
  echo "build-ffmpeg.sh: the licence is no longer LGPL 2.1 or later: $(grep FFMPEG_LICENSE config.h)" >&2
  exit 1
}

n=0 steps=$(make -n | grep -cE '^printf "(CC|X86ASM)')
make -j"$(nproc)" | while IFS= read -r line; do # not awk, which would hold lines back
  case $line in
  CC* | X86ASM*) line="[$((++n))/$steps] $line" ;;
  esac
  printf '%s\n' "$line"
done
make install DESTDIR="$source/_install" >/dev/null
cp -R "$dav1d/." _install/ffmpeg
[ -z "$libva" ] || cp -R "$libva/." _install/ffmpeg
"$here/finish-install.sh" "$source/_install/ffmpeg" COPYING.LGPLv2.1 ffmpeg
mv -T "$source/_install/ffmpeg" "$dest"
