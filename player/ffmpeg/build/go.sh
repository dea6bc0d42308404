#!/usr/bin/env bash
# go.sh: checks that the go command is there and not older than go.mod asks for; if not, says how to get it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
want=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' "$here/../../../go.mod")

# enough VERSION: whether a version such as go1.26.1 or go1.27rc1 will do.
enough() {
  [[ $1 =~ ^go([0-9]+)\.([0-9]+) ]] &&
    ((BASH_REMATCH[1] > ${want%.*} || BASH_REMATCH[1] == ${want%.*} && BASH_REMATCH[2] >= ${want#*.}))
}

if command -v go >/dev/null; then
  have=$(go env GOVERSION 2>/dev/null) || have=
  enough "$have" && exit
  # An old go command does not even read go.mod; asked elsewhere, it says what it is.
  have=$(cd / && go version 2>/dev/null | grep -oE 'go[0-9][^ ]*' | head -n 1) || have="something that is not Go"
  echo "go: $(command -v go) is ${have:-broken}, too old: mseplayer needs Go $want or newer." >&2
else
  echo "go: Go is not installed, or not in PATH: mseplayer needs Go $want or newer." >&2
fi
case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) arch=$(uname -m) ;;
esac
cat >&2 <<END
To get it, as https://go.dev/doc/install says:

  v=\$(curl -fsSL 'https://go.dev/VERSION?m=text' | head -n 1)
  curl -fLO https://go.dev/dl/\$v.linux-$arch.tar.gz
  sudo rm -rf /usr/local/go && sudo tar -C /usr/local -xzf \$v.linux-$arch.tar.gz
  export PATH=/usr/local/go/bin:\$PATH

Then run the same make again.
END
exit 1
