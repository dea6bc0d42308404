# mseplayer. `make help` lists the targets. What they need, Debian packages and FFmpeg, they get themselves.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

VERSION     := 0.1.0
COMMIT       = $(shell git describe --always --dirty --exclude '*' 2>/dev/null || echo unknown)
STATICCHECK := v0.7.0

PREFIX    ?= /usr/local
DESTDIR   ?=
ARGS      ?=
TESTFLAGS ?=
FUZZTIME  ?= 30s
BENCH     ?= .

# Where Go's installer puts it, should PATH not say so.
export PATH := $(PATH):/usr/local/go/bin
CACHE := $(abspath $(or $(MSEPLAYER_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mseplayer))

B := player/ffmpeg/build
# The go command with cgo and FFmpeg: "$(WITH_FFMPEG); go ...". An assignment of its own, since eval "$$(...)" would
# hide a failure.
WITH_FFMPEG = env="$$($(B)/ffmpeg.sh env)"; eval "$$env"
# One of the two sets of packages in $$packages, by the same token.
PURE   = packages="$$($(B)/sets.sh pure)"; export CGO_ENABLED=0
IMPURE = packages="$$($(B)/sets.sh impure)"
# Tests that keep time with a device must not share the processors with compilers and other packages' tests.
ALONE := -p 1
# `make lint` vets all of it.
NO_VET := -vet=off
# What one goroutine calculates for long: the race detector has nothing to find there.
SINGLE := ^(TestEverySplit|TestPackets|TestFFprobe|TestSteady|TestQoE|TestMeter_(Integrated|Range|Channels)|TestLarge)$$

.PHONY: build run test test-long wpt race fuzz bench lint cover install uninstall clean env help check-go

# Tests see the same texts and sorting everywhere.
test test-long race fuzz bench cover: export LC_ALL := C.UTF-8

build: check-go ## build bin/mseplayer, and FFmpeg before it where that has not been done (the default)
	@$(B)/packages.sh build
	@$(WITH_FFMPEG); go build -buildvcs=false -trimpath -o bin/mseplayer \
	  -ldflags '-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)' ./cmd/mseplayer
	@[ "$${SYSTEM_FFMPEG:-}" = 1 ] || $(B)/check-links.sh bin/mseplayer

run: build ## build and play ARGS, or the built-in demo; without a display: headless, with a report
	@$(B)/packages.sh run
	@if [ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]; then bin/mseplayer play $(ARGS); \
	else echo "no display: playing headless"; bin/mseplayer play --headless --stats-json - $(ARGS); fi

test: check-go ## build and run all tests: the pure set first, without cgo, then those with FFmpeg, display and sound
	@$(B)/packages.sh build run test
	@$(PURE); go test $(NO_VET) $(TESTFLAGS) $$packages
	@$(MAKE) build
	@$(IMPURE); $(WITH_FFMPEG); go test $(NO_VET) $(ALONE) $(TESTFLAGS) $$packages

test-long: check-go ## run the tests in files with the build tag "long"
	@$(B)/packages.sh build run test
	@files="$$(grep -rlE --include='*_test.go' '^//go:build ([^!]*[^!a-z_])?long\b' . || true)"; \
	[ -n "$$files" ] || { echo "no test has the build tag long"; exit 0; }; \
	tests="$$(sed -nE 's/^func (Test[A-Za-z0-9_]*)\(.*/\1/p' $$files | grep -vx TestMain | sort -u | paste -sd'|')"; \
	$(WITH_FFMPEG); go test $(NO_VET) -tags long $(ALONE) -timeout 60m -run "^($$tests)\$$" $(TESTFLAGS) $$(dirname $$files | sort -u)

wpt: check-go ## run web-platform-tests, of which WPT is a checkout, with the real decoders; WPT_REPORT=FILE keeps the results
	@[ -n "$(WPT)" ] || { echo "which suite? make wpt WPT=/path/to/wpt [WPT_REPORT=FILE] [WPT_FLAGS=...] [WPT_PAGES=...]"; exit 2; }
	@$(B)/packages.sh build
	@$(WITH_FFMPEG); go build -buildvcs=false -ldflags '-X main.version=$(VERSION)' -o bin/wpt ./cmd/wpt
	@bin/wpt $(WPT_FLAGS) $(if $(WPT_REPORT),-report '$(WPT_REPORT)') '$(WPT)' $(WPT_PAGES)

race: check-go ## run the pure set's tests under the race detector, without the long calculations of one goroutine
	@$(B)/packages.sh build test
	@$(PURE); CGO_ENABLED=1 go test $(NO_VET) -race -skip '$(SINGLE)' $(TESTFLAGS) $$packages

fuzz: check-go ## run each fuzz test for FUZZTIME (30s)
	@$(B)/packages.sh build
	@$(WITH_FFMPEG); grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort | while IFS=: read -r file func; do \
	  echo "$${func#func } in $${file%/*}"; \
	  go test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) $(TESTFLAGS) "$${file%/*}" </dev/null; \
	done

bench: check-go ## run the benchmarks whose names match BENCH
	@$(B)/packages.sh build run test
	@$(WITH_FFMPEG); go test -run '^$$' -bench '$(BENCH)' -benchmem $(TESTFLAGS) \
	  $$(grep -rlE --include='*_test.go' '^func Benchmark' . | xargs -r dirname | sort -u)

lint: check-go ## gofmt, go vet, staticcheck, shellcheck
	@$(B)/packages.sh build lint
	@unformatted="$$(gofmt -l .)"; [ -z "$$unformatted" ] || { printf 'not as gofmt has it:\n%s\n' "$$unformatted"; exit 1; }
	@$(WITH_FFMPEG); go vet -tags long ./...
	@bin="$(CACHE)/bin/staticcheck-$(STATICCHECK)-$$(go env GOVERSION)"; \
	[ -x "$$bin/staticcheck" ] || GOBIN="$$bin" CGO_ENABLED=0 go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK); \
	$(WITH_FFMPEG); "$$bin/staticcheck" -tags long ./...
	@find . -name '*.sh' -not -path './.git/*' -print0 | xargs -0 shellcheck -x -P SCRIPTDIR .ci/run

cover: check-go ## run all tests, write cover.out and print the share of statements they reach
	@$(B)/packages.sh build run test
	@$(WITH_FFMPEG); go test $(ALONE) -coverprofile=cover.out -coverpkg=./... $(TESTFLAGS) ./...
	@go tool cover -func cover.out | tail -n 1

install: ## install what has been built below DESTDIR and PREFIX (/usr/local)
	@[ -x bin/mseplayer ] || $(MAKE) build
	install -D -m 755 bin/mseplayer '$(DESTDIR)$(PREFIX)/bin/mseplayer'
	install -D -m 644 LICENSE '$(DESTDIR)$(PREFIX)/share/doc/mseplayer/LICENSE'
	@cd assets/licenses/texts && find . -type f -exec install -D -m 644 {} '$(DESTDIR)$(PREFIX)/share/doc/mseplayer/licenses/{}' \;

uninstall: ## remove what install put there
	rm -f '$(DESTDIR)$(PREFIX)/bin/mseplayer'
	rm -rf '$(DESTDIR)$(PREFIX)/share/doc/mseplayer'

clean: ## remove what was built in this folder; FFmpeg stays in the cache, $MSEPLAYER_CACHE or ~/.cache/mseplayer
	rm -rf bin cover.out

env: check-go ## print the environment for the plain go command: eval "$(make env)"
	@$(B)/packages.sh build >&2 && $(B)/ffmpeg.sh env || { echo false; exit 1; }

help: ## list the targets
	@echo "make TARGET, with:"
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target what; do \
	  printf '  %-10s %s\n' "$$target" "$$what"; done
	@echo "Variables: ARGS, TESTFLAGS, FUZZTIME, BENCH, PREFIX, DESTDIR, VERSION, COMMIT, MSEPLAYER_CACHE (where FFmpeg is"
	@echo "kept), MSEPLAYER_MEDIA (a folder of test media), SYSTEM_FFMPEG=1 (the system's FFmpeg 7.1 instead of our own)."

check-go:
	@$(B)/go.sh
