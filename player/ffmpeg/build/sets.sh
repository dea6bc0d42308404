#!/usr/bin/env bash
# sets.sh pure|impure: prints the packages of the set. The impure set, which needs cgo, a display or a sound device, is
# the list of that name in player/deps_test.go and everything below cmd; the pure set is the rest. Packages without Go
# files for the set's build are left out.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
module=$(go list -m)
impure=$(sed -n '/^var impure = /,/}/p' player/deps_test.go | grep -oE '"[^"]+"' | tr -d '"' | paste -sd'|') || impure=
[ -n "$impure" ] || {
  echo "sets.sh: no list named impure in player/deps_test.go" >&2
  exit 1
}
pattern="$module/(${impure}|cmd/.*)"
case ${1:-} in
pure) packages=$(CGO_ENABLED=0 go list ./...) && grep -vxE "$pattern" <<<"$packages" ;;
impure) packages=$(CGO_ENABLED=1 go list ./...) && { grep -xE "$pattern" <<<"$packages" || true; } ;;
*)
  echo "usage: sets.sh pure|impure" >&2
  exit 2
  ;;
esac
