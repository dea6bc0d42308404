// Package build_test runs the scripts of this folder in a sandbox of their own: a copy of the folder, a PATH that holds
// nothing but the programs a test gives it, and a cache of their own. Nothing is downloaded and nothing compiled.
package build_test

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// maxRun is how long a script may take before the test ends it.
const maxRun = 30 * time.Second

// plain are the programs of the base system that the scripts use; a sandbox links to them.
var plain = strings.Fields("awk basename bash cat cp cut date dirname env flock grep head mkdir mktemp mv " +
	"nproc paste rm sed sha256sum sleep sort tail tar tee timeout tr true uname xz")

// sandbox is a copy of the scripts with programs and a cache of its own.
type sandbox struct {
	t     *testing.T
	dir   string // the scripts are in dir/repo/player/ffmpeg/build, programs in dir/bin
	build string
	cache string
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	dir := t.TempDir()
	s := &sandbox{t: t, dir: dir, build: filepath.Join(dir, "repo/player/ffmpeg/build"), cache: filepath.Join(dir, "cache")}
	if err := os.CopyFS(s.build, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob(filepath.Join(s.build, "*.sh"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range scripts { // CopyFS keeps the content, not the permission to run it
		if err := os.Chmod(f, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "player/deps_test.go"} {
		b, err := os.ReadFile(filepath.Join("../../..", name))
		if err != nil {
			t.Fatal(err)
		}
		s.write(filepath.Join("repo", name), string(b))
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range plain {
		if p, err := exec.LookPath(name); err == nil {
			if err := os.Symlink(p, filepath.Join(dir, "bin", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// write writes a file below the sandbox.
func (s *sandbox) write(name, content string) {
	s.t.Helper()
	p := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// program puts a shell script of that name into the sandbox's PATH, in place of what may be there.
func (s *sandbox) program(name, body string) {
	s.t.Helper()
	p := filepath.Join(s.dir, "bin", name)
	if err := os.RemoveAll(p); err != nil {
		s.t.Fatal(err)
	}
	s.script(p, body)
}

// replace puts another script in the place of one of the folder.
func (s *sandbox) replace(name, body string) {
	s.t.Helper()
	s.script(filepath.Join(s.build, name), body)
}

func (s *sandbox) script(path, body string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte("#!"+filepath.Join(s.dir, "bin/bash")+"\n"+body), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// edit replaces old by new in a script of the folder; old must be there.
func (s *sandbox) edit(name, old, new string) {
	s.t.Helper()
	p := filepath.Join(s.build, name)
	b, err := os.ReadFile(p)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(string(b), old) {
		s.t.Fatalf("%s has no %q", name, old)
	}
	if err := os.WriteFile(p, []byte(strings.Replace(string(b), old, new, 1)), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// compilers puts stand-ins for the programs a build needs into the sandbox's PATH.
func (s *sandbox) compilers() {
	s.t.Helper()
	s.program("gcc", "echo 'gcc 12.0 of the test'\n")
	for _, name := range strings.Fields("make meson ninja nasm pkg-config strip") {
		s.program(name, "exit 0\n")
	}
}

// process is a run of one of the folder's scripts, in a process group of its own.
type process struct {
	s              *sandbox
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

func (s *sandbox) start(name string, args ...string) *process {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), maxRun)
	s.t.Cleanup(cancel)
	p := &process{s: s}
	p.cmd = exec.CommandContext(ctx, filepath.Join(s.dir, "bin/bash"), append([]string{filepath.Join(s.build, name)}, args...)...)
	p.cmd.Env = []string{"PATH=" + filepath.Join(s.dir, "bin"), "HOME=" + s.dir, "MSEPLAYER_CACHE=" + s.cache, "LC_ALL=C.UTF-8"}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = time.Second
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// wait returns what the run printed and its exit status, -1 if a signal ended it.
func (p *process) wait() (stdout, stderr string, status int) {
	p.s.t.Helper()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		p.s.t.Fatal(err)
	}
	return p.stdout.String(), p.stderr.String(), p.cmd.ProcessState.ExitCode()
}

func (s *sandbox) run(name string, args ...string) (stdout, stderr string, status int) {
	s.t.Helper()
	return s.start(name, args...).wait()
}

// exists says whether there is something whose path below the sandbox matches the pattern.
func (s *sandbox) exists(pattern string) bool {
	s.t.Helper()
	m, err := filepath.Glob(filepath.Join(s.dir, pattern))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(m) > 0
}

// await waits until the condition is met.
func (s *sandbox) await(what string, condition func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(maxRun); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited %v for %s", maxRun, what)
		}
	}
}

func wantIn(t *testing.T, what, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s:\n%s\nlacks %q", what, got, w)
		}
	}
}

func TestLists(t *testing.T) {
	files, err := filepath.Glob("config/*")
	if err != nil || len(files) != 9 {
		t.Fatalf("lists: %v, %v; want 9", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for line := range strings.Lines(string(b)) {
			line, _, _ = strings.Cut(line, "#")
			for _, name := range strings.Fields(line) {
				if seen[name] {
					t.Errorf("%s has %s twice", f, name)
				}
				seen[name] = true
				if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
					t.Errorf("%s: %q is no name of a component", f, name)
				}
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s is empty", f)
		}
	}
}

// TestKey asks that the key, which names the finished libraries, follows each thing that goes into them, and nothing
// else.
func TestKey(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.compilers()
	key := func() string {
		t.Helper()
		out, errs, status := s.run("ffmpeg.sh", "key")
		if status != 0 || !regexp.MustCompile(`^[0-9a-f]{12}\n$`).MatchString(out) {
			t.Fatalf("key: %q, status %d\n%s", out, status, errs)
		}
		return out
	}
	first := key()
	s.edit("packages.sh", "set -euo", "# changed\nset -euo")
	if got := key(); got != first {
		t.Errorf("key changed with a script that has no part in the libraries")
	}
	was := first
	for _, c := range []struct{ name, file, old, new string }{
		{"ffmpeg's hash", "versions", "ffmpeg_sha256=d", "ffmpeg_sha256=e"},
		{"dav1d's hash", "versions", "dav1d_sha256=4", "dav1d_sha256=5"},
		{"how dav1d is built", "build-dav1d.sh", "release", "debug"},
		{"libva's hash", "versions", "libva_debian_sha256=e", "libva_debian_sha256=f"},
		{"how libva is built", "build-libva.sh", "-O2", "-O1"},
		{"what stands in for libva", "libva/libva.c", "libva.so.2", "libva.so.3"},
		{"how ffmpeg is built", "build-ffmpeg.sh", "--enable-pic", "--disable-pic"},
		{"what is done in the end", "finish-install.sh", "strip", "true"},
		{"a list", "config/decoders", "h264", ""},
	} {
		s.edit(c.file, c.old, c.new)
		now := key()
		if now == was {
			t.Errorf("key did not change with %s", c.name)
		}
		was = now
	}
	s.program("gcc", "echo 'gcc 13.0 of the test'\n")
	if key() == was {
		t.Errorf("key did not change with the compiler")
	}
}

// builds makes the sandbox build in no time: sources are empty archives, and to build is to make a folder. Each build
// of FFmpeg appends a line to dir/builds and waits until dir/go is there.
func (s *sandbox) builds() {
	s.t.Helper()
	s.compilers()
	s.program("tar", "exit 0\n")
	s.replace("fetch-source.sh", `. "$(dirname "$0")/versions"; v=$1_version; echo "$1-${!v}.tar.xz"`+"\n")
	s.replace("build-libva.sh", "mkdir \"$2\"\n")
	s.replace("build-dav1d.sh", "echo '[1/1] dav1d'; mkdir \"$2\"\n")
	s.replace("build-ffmpeg.sh", "echo '[1/2] ffmpeg'; echo . >>"+s.dir+"/builds; until [ -f "+s.dir+"/go ]; do sleep 0.02; done\n"+
		"echo '[2/2] ffmpeg'; mkdir \"$3\"\n")
}

func (s *sandbox) countBuilds() int {
	b, err := os.ReadFile(filepath.Join(s.dir, "builds"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	return strings.Count(string(b), "\n")
}

func TestBuildOnce(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.builds()
	a, b := s.start("ffmpeg.sh", "env"), s.start("ffmpeg.sh", "env")
	s.await("the build to begin", func() bool { return s.countBuilds() == 1 })
	s.write("go", "")
	outA, errsA, statusA := a.wait()
	outB, errsB, statusB := b.wait()
	if statusA != 0 || statusB != 0 || outA != outB || s.countBuilds() != 1 {
		t.Errorf("%d builds, status %d and %d, printed %q and %q\n%s%s", s.countBuilds(), statusA, statusB, outA, outB, errsA, errsB)
	}
	wantIn(t, "messages", errsA+errsB, "another build is going on", " % ", "built in 0:0")
	wantIn(t, "environment", outA, "PKG_CONFIG_PATH='"+s.cache+"/ffmpeg-7.1.5-", "/include' CGO_LDFLAGS='")
	_, errs, status := s.run("ffmpeg.sh", "env")
	if status != 0 || errs != "" || s.countBuilds() != 1 {
		t.Errorf("run again: status %d, %d builds, said %q", status, s.countBuilds(), errs)
	}
}

func TestBuildInterrupted(t *testing.T) {
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		builds int // after a second run
	}{
		{"interrupt", syscall.SIGINT, 2},
		{"terminate", syscall.SIGTERM, 2},
		// Nothing can be cleaned up here, but the builder lives on, holding the lock, and the next run gets its work.
		{"kill", syscall.SIGKILL, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t)
			s.builds()
			p := s.start("ffmpeg.sh", "prefix")
			s.await("the build to begin", func() bool { return s.countBuilds() == 1 })
			if err := p.cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			if c.signal != syscall.SIGKILL {
				_, errs, status := p.wait()
				if status != 130 || s.exists("cache/work") || s.exists("cache/ffmpeg-*") {
					t.Errorf("status %d, left work: %v, left libraries: %v", status, s.exists("cache/work"), s.exists("cache/ffmpeg-*"))
				}
				wantIn(t, "messages", errs, "interrupted")
			}
			s.write("go", "")
			out, errs, status := s.run("ffmpeg.sh", "prefix")
			if status != 0 || !s.exists("cache/ffmpeg-*") || s.countBuilds() != c.builds {
				t.Errorf("second run: status %d, printed %q, %d builds\n%s", status, out, s.countBuilds(), errs)
			}
			s.await("the sources to be removed", func() bool { return !s.exists(filepath.Join("cache", "work", "*-*")) })
		})
	}
}

func TestBuildFails(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.builds()
	s.replace("build-ffmpeg.sh", "for i in $(eval echo {1..40}); do echo \"line $i\"; done; echo 'no such register' >&2; false; mkdir \"$3\"\n")
	s.edit("build-ffmpeg.sh", "\n", "\nset -e\n")
	out, errs, status := s.run("ffmpeg.sh", "env")
	if status != 1 || out != "" || s.exists("cache/ffmpeg-*") || s.exists("cache/work") {
		t.Errorf("status %d, printed %q", status, out)
	}
	wantIn(t, "messages", errs, "failed while compiling FFmpeg", "log/ffmpeg.log", "line 40\nno such register")
	if strings.Contains(errs, "line 10\n") {
		t.Errorf("the whole log was printed:\n%s", errs)
	}
}

func TestBuildNeeds(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	_, errs, status := s.run("ffmpeg.sh", "env")
	if status != 1 {
		t.Errorf("status %d", status)
	}
	wantIn(t, "messages", errs, "missing programs: gcc make meson ninja pkg-config strip")
	s.compilers()
	s.cache = filepath.Join(s.dir, "my cache")
	_, errs, status = s.run("ffmpeg.sh", "env")
	if status != 1 {
		t.Errorf("cache with a space: status %d", status)
	}
	wantIn(t, "messages", errs, "my cache: compilers do not get along", "MSEPLAYER_CACHE")
}

// archive lets the sandbox fetch a source of six bytes, "source", as the pinned version of FFmpeg 7.1.5 and of libva
// 2.22.0, which Debian has as "repacked". The Debian archive has the version debian of name, "" for none reachable, with
// the given content; the project's own server has upstream, "" for not reachable.
func (s *sandbox) archive(name, debian, content, upstream string) {
	s.t.Helper()
	s.write("apt/sources.list", "deb http://archive.test/debian stable main\n")
	s.write("apt/keyring.gpg", "")
	s.edit("fetch-source.sh", "/etc/apt/sources.list.d/*.sources", s.dir+"/apt/*.sources")
	s.edit("fetch-source.sh", "/etc/apt/sources.list /etc/apt/sources.list.d/*.list", s.dir+"/apt/sources.list")
	s.edit("fetch-source.sh", "/usr/share/keyrings/debian-archive-keyring.gpg", s.dir+"/apt/keyring.gpg")
	const source = "41cf6794ba4200b839c53531555f0f3998df4cbb01a4d5cb0b94e3ca5e23947d"
	s.edit("versions", "de668509caf9e35e3cd162473441fdb29538c6d96ed080292b3cf9e6fc5d558f", source)
	s.edit("versions", "467c418c2640a178c6baad5be2e00d569842123763b80507721ab87eb7af8735", source)
	s.edit("versions", "efd30e3581bc09383a02a2943a83c216c94fc8027ed299be49d29e6f71d96ce8",
		"ebf489b16d15235d5436921f6f165d8172613ab796d0892b4de5a3e10d76ded4") // of "repacked"
	orig := name + "_" + debian + ".orig.tar.xz"
	s.program("apt-get", `case "$*" in
*update*) [ -n "`+debian+`" ] || { echo "E: archive.test does not answer"; exit 100; } ;;
*print-uris*) echo "'http://archive.test/`+orig+`' `+orig+` 6 SHA256:0" ;;
esac
`)
	s.edit("fetch-source.sh", "/usr/lib/apt/apt-helper", "apt-helper")
	s.program("apt-helper", `[ "$3 $4 $6" = "download-file http://archive.test/`+orig+` SHA256:0" ] && printf '`+content+`' >"$5"
`)
	s.program("curl", `[ -n "`+upstream+`" ] || { echo "curl: (6) no such host" >&2; exit 6; }
until [ "$1" = -o ]; do shift; done; printf '`+upstream+`' >"$2"
`)
}

func TestFetchSource(t *testing.T) {
	for _, c := range []struct {
		name                      string
		debian, content, upstream string
		status                    int
		file                      string
		says                      []string
	}{
		{"debian has the pinned one", "7.1.5", "source", "", 0, "ffmpeg-7.1.5.tar.xz", []string{"7.1.5 from the Debian archive"}},
		{"debian moved on, upstream has it", "7.1.6", "newer", "source", 0, "ffmpeg-7.1.5.tar.xz", []string{"7.1.5 from https://"}},
		{"debian moved on, upstream away", "7.1.6", "newer", "", 0, "ffmpeg-7.1.6.tar.xz", []string{"WARNING: 7.1.5 is not to be had; taking 7.1.6"}},
		{"debian moved on, upstream wrong", "7.1.10", "newer", "forged", 0, "ffmpeg-7.1.10.tar.xz", []string{"WARNING"}},
		{"debian is at the next series", "7.2", "newer", "", 1, "", []string{"cannot get", "it has ffmpeg_7.2.orig.tar.xz", "no such host", "SHA-256 41cf"}},
		{"debian is behind", "7.1.4", "older", "", 1, "", []string{"it has ffmpeg_7.1.4.orig.tar.xz"}},
		{"debian's pinned one is not the same", "7.1.5", "forged", "", 1, "", []string{"its ffmpeg_7.1.5.orig.tar.xz is not the pinned one"}},
		{"upstream's is not the same", "", "", "forged", 1, "", []string{"archive.test does not answer", "not the pinned file (SHA-256 "}},
		{"nothing answers", "", "", "", 1, "", []string{"archive.test does not answer", "no such host", "by other means"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t)
			s.archive("ffmpeg", c.debian, c.content, c.upstream)
			out, errs, status := s.run("fetch-source.sh", "ffmpeg", filepath.Join(s.dir, "src"))
			if status != c.status || strings.TrimSpace(out) != c.file {
				t.Errorf("status %d, printed %q; want %d, %q\n%s", status, out, c.status, c.file, errs)
			}
			wantIn(t, "messages", errs, c.says...)
			entries, err := os.ReadDir(filepath.Join(s.dir, "src"))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, e := range entries {
				names = append(names, e.Name())
			}
			if got := strings.Join(names, " "); got != c.file {
				t.Errorf("left %q, want %q", got, c.file)
			}
		})
	}
}

// TestFetchSourceRepacked: an archive that Debian has packed anew is known by a hash of its own, and both are kept.
func TestFetchSourceRepacked(t *testing.T) {
	for _, c := range []struct{ name, debian, content, upstream, file string }{
		{"debian's", "2.22.0", "repacked", "", "libva-2.22.0.tar.xz"},
		{"the project's", "", "", "source", "libva-2.22.0.tar.gz"},
		{"the project's, debian's forged", "2.22.0", "forged", "source", "libva-2.22.0.tar.gz"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t)
			s.archive("libva", c.debian, c.content, c.upstream)
			for range 2 { // the second finds it there
				out, errs, status := s.run("fetch-source.sh", "libva", filepath.Join(s.dir, "src"))
				if status != 0 || out != c.file+"\n" {
					t.Errorf("status %d, printed %q; want %q\n%s", status, out, c.file, errs)
				}
			}
		})
	}
}

func TestFetchSourceKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.archive("ffmpeg", "", "", "")
	s.write("src/ffmpeg-7.1.5.tar.xz", "source")
	out, errs, status := s.run("fetch-source.sh", "ffmpeg", filepath.Join(s.dir, "src"))
	if status != 0 || out != "ffmpeg-7.1.5.tar.xz\n" || errs != "" {
		t.Errorf("status %d, printed %q, said %q", status, out, errs)
	}
}

func TestGoCheck(t *testing.T) {
	for _, c := range []struct {
		version string // what the go command says; "" for none
		status  int
		says    string
	}{
		{"go1.25.0", 0, ""},
		{"go1.26rc1", 0, ""},
		{"go1.101.3", 0, ""},
		{"go2.0", 0, ""},
		{"devel go1.27-abcdef", 1, "too old"},
		{"go1.24.9", 1, "is go1.24.9, too old: mseplayer needs Go 1.25 or newer"},
		{"go1.21", 1, "is go1.21, too old"},
		{"", 1, "Go is not installed"},
	} {
		t.Run(c.version, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t)
			if c.version != "" {
				s.program("go", "[ \"$1\" = env ] && echo '"+c.version+"' || echo 'go version "+c.version+" linux/amd64'\n")
			}
			_, errs, status := s.run("go.sh")
			if status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			if c.status == 0 {
				if errs != "" {
					t.Errorf("said %q", errs)
				}
				return
			}
			wantIn(t, "messages", errs, c.says, "https://go.dev/dl/$v.linux-", "sudo tar -C /usr/local -xzf", "export PATH=/usr/local/go/bin:")
		})
	}
}

// TestPackages runs packages.sh where nasm and meson are missing.
func TestPackages(t *testing.T) {
	for _, c := range []struct {
		name     string
		uid      int
		programs map[string]string // name to script
		status   int
		calls    []string // of apt-get, by what it was to do
		says     []string
	}{
		{"root", 0, map[string]string{"apt-get": "ok"}, 0, []string{"update", "install -y --no-install-recommends nasm meson"}, []string{"installing: nonesuch|virtual|nasm meson"}},
		{"root, update fails", 0, map[string]string{"apt-get": "noupdate"}, 0, []string{"update", "install -y --no-install-recommends nasm meson"},
			[]string{"apt-get update had errors"}},
		{"root, install fails", 0, map[string]string{"apt-get": "noinstall"}, 1, []string{"update", "install -y --no-install-recommends nasm meson"},
			[]string{"apt-get install failed", "\n  apt-get update && apt-get install -y --no-install-recommends nasm meson\n"}},
		{"sudo without password", 1000, map[string]string{"apt-get": "ok", "sudo": `[ "$1" = -n ] && shift; exec "$@"`}, 0,
			[]string{"update", "install -y --no-install-recommends nasm meson"}, nil},
		{"sudo with password", 1000, map[string]string{"apt-get": "ok", "sudo": "exit 1"}, 1, nil,
			[]string{"sudo wants a password", "\n  sudo apt-get update && sudo apt-get install -y --no-install-recommends nasm meson\n"}},
		{"no sudo", 1000, map[string]string{"apt-get": "ok"}, 1, nil,
			[]string{"there is no sudo. Run this as root", "\n  apt-get update && apt-get install -y --no-install-recommends nasm meson\n"}},
		{"no Debian", 0, nil, 1, nil, []string{"lacks: nasm meson", "README"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t)
			s.packages()
			s.program("id", "echo "+strconv.Itoa(c.uid)+"\n")
			for name, body := range c.programs {
				if name == "apt-get" {
					body = s.aptGet(body)
				}
				s.program(name, body+"\n")
			}
			_, errs, status := s.run("packages.sh", "build")
			calls, err := os.ReadFile(filepath.Join(s.dir, "calls"))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			want := ""
			if len(c.calls) > 0 {
				want = strings.Join(c.calls, "\n") + "\n"
			}
			if status != c.status || string(calls) != want {
				t.Errorf("status %d, apt-get was called with\n%swant %d and\n%s\n%s", status, calls, c.status, want, errs)
			}
			wantIn(t, "messages", errs, c.says...)
			if status != 0 {
				return
			}
			if _, errs, status = s.run("packages.sh", "build"); status != 0 || errs != "" {
				t.Errorf("run again: status %d, said %q", status, errs)
			}
		})
	}
}

// packages gives the sandbox all that packages.sh asks for in the group build, but nasm and meson.
func (s *sandbox) packages() {
	s.t.Helper()
	for _, name := range strings.Fields("curl gcc make pkg-config ninja") {
		s.program(name, "exit 0\n")
	}
	s.write("certificates", "")
	s.edit("packages.sh", "/etc/ssl/certs/ca-certificates.crt", s.dir+"/certificates")
	// Of the names of nasm, apt knows only the last as something it can install.
	s.edit("packages.sh", "build nasm ", "build nonesuch|virtual|nasm ")
	s.program("apt-cache", `case $2 in
nonesuch) ;;
virtual) printf 'virtual:\n  Installed: (none)\n  Candidate: (none)\n' ;;
*) printf "$2:\n  Installed: (none)\n  Candidate: 1.0\n" && seq 50000 ;;
esac
`)
}

// aptGet is an apt-get that installs nasm and meson, records its calls, and fails as told.
func (s *sandbox) aptGet(how string) string {
	bin := filepath.Join(s.dir, "bin")
	return `while [[ $1 == -* ]]; do case $1 in -o) shift 2 ;; *) shift ;; esac; done
echo "$*" >>` + s.dir + `/calls
[ ` + how + ` != no"$1" ] || exit 100
[ "$1" = update ] || for p in nasm meson; do cp ` + bin + "/ninja " + bin + `/$p; done`
}

// TestSets asks that the Makefile's sets are the ones player/deps_test.go lists.
func TestSets(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../../deps_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var impure []string
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name == "impure" {
			ast.Inspect(v, func(n ast.Node) bool {
				if l, ok := n.(*ast.BasicLit); ok {
					s, err := strconv.Unquote(l.Value)
					if err != nil {
						t.Fatal(err)
					}
					impure = append(impure, s)
				}
				return true
			})
		}
		return true
	})
	if len(impure) < 4 {
		t.Fatalf("impure is %q", impure)
	}
	s := newSandbox(t)
	s.program("go", `[ "$*" = "list -m" ] && echo m && exit
[ "$*" = "list ./..." ] && printf 'm/%s\n' mse mse/media render/hud/deep cmd/mseplayer/sub `+strings.Join(impure, " ")+"\n")
	for _, c := range []struct {
		set  string
		want []string
	}{
		{"pure", []string{"mse", "mse/media", "render/hud/deep"}},
		{"impure", append([]string{"cmd/mseplayer/sub"}, impure...)},
	} {
		out, errs, status := s.run("sets.sh", c.set)
		var got []string
		for _, p := range strings.Fields(out) {
			got = append(got, strings.TrimPrefix(p, "m/"))
		}
		if !slices.Equal(got, c.want) || status != 0 {
			t.Errorf("%s: %q, status %d; want %q\n%s", c.set, got, status, c.want, errs)
		}
	}
	s.write("repo/player/deps_test.go", "package player_test\n")
	if _, errs, status := s.run("sets.sh", "pure"); status != 1 || !strings.Contains(errs, "no list named impure") {
		t.Errorf("without a list: status %d, said %q", status, errs)
	}
}

func TestCheckLinks(t *testing.T) {
	for _, c := range []struct {
		name, needed string
		status       int
	}{
		{"all well", "libz.so.1 libm.so.6 libc.so.6 ld-linux-x86-64.so.2", 0},
		{"static", "", 0},
		{"avcodec", "libm.so.6 libavcodec.so.61 libc.so.6", 1},
		{"dav1d", "libdav1d.so.6", 1},
		{"looks like libc", "libcrypto.so.3", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t)
			s.program("readelf", "for l in "+c.needed+"; do echo \" 0x0001 (NEEDED)  Shared library: [$l]\"; done\n"+
				"echo ' 0x001d (RUNPATH) Library runpath: [libavcodec.so]'\n")
			_, errs, status := s.run("check-links.sh", "program")
			if status != c.status {
				t.Errorf("status %d, want %d\n%s", status, c.status, errs)
			}
		})
	}
}
