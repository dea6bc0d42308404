// Command mseplayer plays and checks streaming media.
//
//	mseplayer [flags] [SOURCE...]            play
//	mseplayer play|check|diff|probe|supports|version|help|completion ...
//
// # Ownership
//
// Each command makes what it needs and frees it before it returns.
//
// # Concurrency
//
// Commands run on the main goroutine, because a window must.
//
// # Errors
//
// A command prints one line on standard error and returns an exit code: 0 done, 1 the source failed or has findings, 2
// wrong usage or a source that cannot be opened, 3 a bug, 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
)

// Stamped by the linker.
var (
	version = "unknown"
	commit  = "unknown"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInternal    = 3
	exitInterrupted = 130
)

// traceVariable names the environment variable that asks for the stack of an internal failure.
const traceVariable = "MSEPLAYER_TRACE"

// command is one of the program's commands.
type command struct {
	name, args, summary string
	// flags declares the flags, for completion; nil when there are none.
	flags func() *pflag.FlagSet
	run   func(args []string) int
}

// commands lists all commands in the order of the help.
func commands() []command {
	return []command{
		{"play", "[flags] [SOURCE...]", "play sources one after the other; without any, the built-in demo", func() *pflag.FlagSet { return playFlags(new(playOptions)) }, playCommand},
		{"check", "[flags] SOURCE...", "check sources without showing them, as fast as the machine allows", func() *pflag.FlagSet { return checkFlags(new(checkOptions)) }, checkCommand},
		{"diff", "[flags] BEFORE AFTER", "compare two reports of check: what has become better or worse", func() *pflag.FlagSet { return diffFlags(new(diffOptions)) }, diffCommand},
		{"probe", "[flags] SOURCE", "say what is in a source, decoding nothing", func() *pflag.FlagSet { return probeFlags(new(probeOptions)) }, probeCommand},
		{"supports", "TYPE...", "say whether MIME types can be played", func() *pflag.FlagSet { return plainFlags("supports") }, supportsCommand},
		{"version", "[flags]", "print the version, and what is built in", func() *pflag.FlagSet { return versionFlags(new(versionOptions)) }, versionCommand},
		{"help", "[COMMAND]", "explain a command", func() *pflag.FlagSet { return plainFlags("help") }, helpCommand},
		{"completion", "bash|zsh|fish", "print a completion script for a shell", func() *pflag.FlagSet { return plainFlags("completion") }, completionCommand},
	}
}

func main() { os.Exit(guard(func() int { return dispatch(os.Args[1:]) })) }

// dispatch runs the command that args begin with; anything else is played.
func dispatch(args []string) int {
	if len(args) > 0 {
		for _, c := range commands() {
			if args[0] == c.name {
				return c.run(args[1:])
			}
		}
		switch args[0] {
		case "-h", "--help":
			return helpCommand(nil)
		case "--version":
			return versionCommand(nil)
		}
	}
	return playCommand(args)
}

// guard turns a panic of fn into the exit code of an internal failure.
func guard(fn func() int) (code int) {
	defer func() {
		if v := recover(); v != nil {
			code = internalFailure(fmt.Sprint(v), debug.Stack())
		}
	}()
	return fn()
}

// internalFailure reports a bug of this program.
func internalFailure(what string, stack []byte) int {
	what, _, _ = strings.Cut(what, "\n")
	fmt.Fprintf(os.Stderr, "mseplayer: internal failure: %s\nThis is a bug in mseplayer %s (%s). Please report it with the command line; with %s=1 in the environment the report can say where.\n",
		what, version, commit, traceVariable)
	if os.Getenv(traceVariable) != "" {
		os.Stderr.Write(stack)
	}
	return exitInternal
}

// fail prints an error of a command and returns code.
func fail(command string, code int, err error) int {
	fmt.Fprintf(os.Stderr, "mseplayer %s: %s\n", command, oneLine(err.Error()))
	return code
}

// oneLine makes one line of a text that may hold what others wrote.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// parse reads the flags of a command. done is set when the command ends here, with code.
func parse(f *pflag.FlagSet, args []string, help func() string) (code int, done bool) {
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	err := f.Parse(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		fmt.Print(help())
		return exitOK, true
	case err != nil:
		return fail(f.Name(), exitUsage, err), true
	}
	return exitOK, false
}

// errInterrupted is the cause of the end of a command that the user ended.
var errInterrupted = errors.New("interrupted")

// interruptible returns a context that ends with errInterrupted at the first SIGINT or SIGTERM; the second one ends the
// program.
func interruptible() (ctx context.Context, stop func()) {
	return interruptibleBy(make(chan os.Signal, 1))
}

// interruptibleBy is interruptible with a channel that may have heard a signal already.
func interruptibleBy(signals chan os.Signal) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	select {
	case <-signals:
		cancel(errInterrupted)
	default:
	}
	go func() {
		select {
		case <-signals:
			cancel(errInterrupted)
		case <-done:
		}
		signal.Stop(signals)
	}()
	return ctx, func() {
		close(done)
		cancel(nil)
	}
}

// plainFlags are those of a command that has none of its own.
func plainFlags(name string) *pflag.FlagSet { return pflag.NewFlagSet(name, pflag.ContinueOnError) }

// helpCommand prints the help of the program or of one command.
func helpCommand(args []string) int {
	f := plainFlags("help")
	if code, done := parse(f, args, overview); done {
		return code
	}
	switch f.NArg() {
	case 0:
		fmt.Print(overview())
		return exitOK
	case 1:
		for _, c := range commands() {
			if c.name == f.Arg(0) {
				return c.run([]string{"--help"})
			}
		}
	}
	return fail("help", exitUsage, fmt.Errorf("%q is no command; there are %s", strings.Join(f.Args(), " "), strings.Join(commandNames(), ", ")))
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

// overview is the help of the program.
func overview() string {
	var b strings.Builder
	b.WriteString("Play and check DASH and HLS presentations and media files.\n\n  mseplayer [flags] [SOURCE...]\n  mseplayer COMMAND ...\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-32s %s\n", c.name+" "+c.args, c.summary)
	}
	b.WriteString("\nSOURCE is a path, a URL (http, https, file), a folder that holds one manifest, or - for standard input.\n" +
		"mseplayer COMMAND --help lists the flags of a command.\n")
	return b.String()
}

// usageText is the help of a command: what it does, how to call it, its flags, and more.
func usageText(name, about string, f *pflag.FlagSet, more string) string {
	var b strings.Builder
	for _, c := range commands() {
		if c.name == name {
			fmt.Fprintf(&b, "%s\n\n  mseplayer %s %s\n", about, c.name, c.args)
		}
	}
	if usages := f.FlagUsages(); usages != "" {
		b.WriteString("\n" + usages)
	}
	if more != "" {
		b.WriteString("\n" + more)
	}
	return b.String()
}
