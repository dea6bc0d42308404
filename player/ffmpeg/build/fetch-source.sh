#!/usr/bin/env bash
# fetch-source.sh NAME DIR: sees to it that the source archive of NAME (ffmpeg, dav1d or libva) lies in DIR, checked, and
# prints its file name. What comes down is the pinned version, known by its SHA-256, from the Debian archive or from
# the project itself. Only where neither has it, a newer release of the same series is taken, if the Debian archive
# offers one and its signature is good. Nothing of the system's apt configuration is changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions"
name=$1
dir=$2
repacked= # the hash of what Debian has packed anew
case $name in
ffmpeg) version=$ffmpeg_version sha256=$ffmpeg_sha256 url=$ffmpeg_url series=$ffmpeg_series ;;
dav1d) version=$dav1d_version sha256=$dav1d_sha256 url=$dav1d_url series=$dav1d_series ;;
libva) version=$libva_version sha256=$libva_sha256 url=$libva_url series=$libva_series repacked=$libva_debian_sha256 ;;
*)
  echo "fetch-source.sh: no source is called $name" >&2
  exit 2
  ;;
esac
file=$name-$version.tar.${url##*.}

readonly maxSeconds=600 # one download

say() { echo "source of $name: $*" >&2; }

# right FILE: whether it is the pinned archive, be it as Debian has it.
right() {
  [ -f "$1" ] || return
  local sum
  sum=$(sha256sum "$1" | cut -d' ' -f1)
  [ "$sum" = "$sha256" ] || [ "$sum" = "$repacked" ]
}

mkdir -p "$dir"
cd "$dir"
for f in "$file" "$name-$version.tar.xz"; do # the latter is Debian's
  if right "$f"; then
    echo "$f"
    exit
  fi
done
part=$(mktemp -d "$PWD/.fetch-XXXXXX")
trap 'rm -rf "$part"' EXIT

# privateApt CONF: writes an apt configuration of our own that reads the sources of debian_suite from the archive this
# machine uses already, proxy settings included: -c is read after the system's own files, so ours win and theirs stay.
privateApt() {
  local root=$part/apt uri keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  command -v apt-get >/dev/null || { echo "this system has no apt"; return 1; }
  [ -r "$keyring" ] || { echo "this system has no $keyring"; return 1; }
  uri=$({
    sed -nE 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | tr ' ' '\n'
    sed -nE 's/^deb(-src)?[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\3/p' \
      /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true # either may not be there
  } | grep -m 1 -E '^(https?|mirror|mirror\+file|file|copy)[:+].*/debian/?$') || {
    echo "no Debian archive among this machine's apt sources"
    return 1
  }
  mkdir -p "$root"/state/lists/partial "$root"/cache/archives/partial "$root"/sources "$root"/preferences
  : >"$root/state/status"
  printf '%s\n' 'Types: deb-src' "URIs: $uri" "Suites: $debian_suite" 'Components: main' "Signed-By: $keyring" \
    >"$root/sources/suite.sources"
  cat >"$1" <<END
Dir::State "$root/state";
Dir::State::status "$root/state/status";
Dir::State::lists "$root/state/lists";
Dir::Cache "$root/cache";
Dir::Log "$root/state";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$root/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$root/preferences";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "$(id -un)";
END
}

# debianFile: prints the source archive the suite has, such as ffmpeg_7.1.5.orig.tar.xz, where it is, and the hash that
# the suite's signed index gives it.
debianFile() {
  timeout "$maxSeconds" apt-get -c "$part/apt.conf" -q update >"$part/log" 2>&1 ||
    { grep -m 1 '^[EW]:' "$part/log" || tail -n 1 "$part/log"; return 1; }
  apt-get -c "$part/apt.conf" -q source --print-uris --only-source "$name" 2>"$part/log" |
    awk -v want="^${name}_[^_]+[.]orig[.]tar[.]xz$" '$2 ~ want { gsub("\047", "", $1); print $2, $1, $4; found = 1 } END { exit !found }' ||
    { echo "suite $debian_suite has no such package"; return 1; }
}

# debianGet: downloads that archive; apt checks it against the index. The rest of the source package is not needed, and
# a mirror may lack it.
debianGet() {
  timeout "$maxSeconds" /usr/lib/apt/apt-helper -c "$part/apt.conf" download-file "$debianURI" "$part/$offered" "$debianHash" \
    >"$part/log" 2>&1 || { grep -m 1 '^E:' "$part/log" || tail -n 1 "$part/log"; return 1; }
}

upstreamGet() {
  curl -fsSL --proto '=https' --retry 2 --connect-timeout 20 --speed-limit 1000 --speed-time 60 \
    --max-time "$maxSeconds" -o "$part/$file" "$url" 2>&1 | tail -n 1
}

# keep FILE AS: moves what was downloaded to its place in one step and prints its name.
keep() {
  mv -f "$part/$1" "$2"
  echo "$2"
  exit
}

offered=
if debian=$(privateApt "$part/apt.conf") && debian=$(debianFile); then
  read -r offered debianURI debianHash <<<"$debian"
  debian="it has $offered"
  if [ "$offered" = "${name}_$version.orig.tar.xz" ]; then
    if debian=$(debianGet); then
      right "$part/$offered" && say "$version from the Debian archive" && keep "$offered" "$name-$version.tar.xz"
      debian="its $offered is not the pinned one"
    fi
    offered=
  fi
fi

if upstream=$(upstreamGet); then
  right "$part/$file" && say "$version from $url" && keep "$file" "$file"
  upstream="not the pinned file (SHA-256 $(sha256sum "$part/$file" | cut -c1-16)…)"
fi

newer=${offered#"${name}_"}
newer=${newer%.orig.tar.xz}
if [[ $newer == "$series".* ]] && [ "$(printf '%s\n' "$version" "$newer" | sort -V | tail -n 1)" = "$newer" ]; then
  if got=$(debianGet); then
    say "WARNING: $version is not to be had; taking $newer from the Debian archive, whose signature is good" \
      "(SHA-256 $(sha256sum "$part/$offered" | cut -d' ' -f1))"
    keep "$offered" "$name-$newer.tar.xz"
  fi
  debian+="; $got"
fi

say "cannot get version $version:
  the Debian archive, suite $debian_suite: $debian
  $url: ${upstream:-failed}
Bring $file (SHA-256 $sha256)
by other means, put it into $dir, and run this again."
exit 1
