#!/usr/bin/env bash
# build-libva.sh SOURCE DEST: leaves in DEST what FFmpeg is built with to decode by VA-API: libva's headers and, in place
# of the library itself, libva/libva.c, which loads the system's when it is needed.
set -euo pipefail
source=$(cd "$1" && pwd)
dest=$2
here=$(cd "$(dirname "$0")" && pwd)

# api PART: a part of the interface's version, as libva's own build says it.
api() { sed -n "s/^va_api_$1_version = \([0-9]*\)$/\1/p" "$source/meson.build"; }
version=$(api major).$(api minor).$(api micro)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || {
  echo "build-libva.sh: $source/meson.build does not say the version of the interface" >&2
  exit 1
}

tree=$source/_install
mkdir -p "$tree/include/va" "$tree/lib/pkgconfig"
cp "$source"/va/va*.h "$source"/va/drm/va_drm.h "$tree/include/va"
sed -e "s/@VA_API_MAJOR_VERSION@/$(api major)/" -e "s/@VA_API_MINOR_VERSION@/$(api minor)/" \
  -e "s/@VA_API_MICRO_VERSION@/$(api micro)/" -e "s/@VA_API_VERSION@/$version/" \
  "$source/va/va_version.h.in" >"$tree/include/va/va_version.h"
"${CC:-gcc}" -O2 -fPIC -Wall -Wextra -Werror -I"$tree/include" -c "$here/libva/libva.c" -o "$source/libva.o"
ar rcs "$tree/lib/libva.a" "$source/libva.o"
for name in libva libva-drm; do
  printf '%s\n' "prefix=/libva" "libdir=\${prefix}/lib" "includedir=\${prefix}/include" "" "Name: $name" \
    "Description: VA-API by the system's libva, loaded when it is needed" "Version: $version" \
    "Cflags: -I\${includedir}" "Libs: -L\${libdir} -lva -ldl -lpthread" >"$tree/lib/pkgconfig/$name.pc"
done
"$here/finish-install.sh" "$tree" "$source/COPYING" libva
mv -T "$tree" "$dest"
