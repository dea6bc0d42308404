package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"mseplayer/player/check"
)

// diffOptions are the flags of diff.
type diffOptions struct {
	json bool
}

func diffFlags(o *diffOptions) *pflag.FlagSet {
	f := pflag.NewFlagSet("diff", pflag.ContinueOnError)
	f.SortFlags = false
	f.BoolVar(&o.json, "json", false, "write what is different as JSON, one line for each source")
	return f
}

// diffCommand compares what two runs of check wrote and returns the exit code.
func diffCommand(args []string) int {
	var o diffOptions
	f := diffFlags(&o)
	help := func() string {
		return usageText("diff", "Compare two reports of check --json: what has become better or worse. - is standard input.", f,
			"Exit code: 0 nothing is worse, 1 something is, 2 a report cannot be read.\n")
	}
	if code, done := parse(f, args, help); done {
		return code
	}
	if f.NArg() != 2 {
		return fail("diff", exitUsage, fmt.Errorf("takes two reports of check --json, the earlier one first; got %d", f.NArg()))
	}
	var sides [2][]*check.Report
	for i, name := range f.Args() {
		list, err := readReports(name)
		if err != nil {
			return fail("diff", exitUsage, fmt.Errorf("%s: %w", name, pathCause(err)))
		}
		sides[i] = list
	}
	if a, b := len(sides[0]), len(sides[1]); a != b {
		return fail("diff", exitUsage, fmt.Errorf("%s has %d reports and %s has %d; compare as many with each other", f.Arg(0), a, f.Arg(1), b))
	}
	code := exitOK
	for i, a := range sides[0] {
		c := check.Compare(a, sides[1][i])
		if c.Worse > 0 {
			code = exitFailed
		}
		var err error
		switch {
		case o.json:
			err = c.WriteJSON(os.Stdout)
		default:
			if i > 0 {
				fmt.Println()
			}
			err = c.WriteText(os.Stdout, colours(os.Stdout))
		}
		if err != nil {
			return fail("diff", exitUsage, err)
		}
	}
	return code
}

// readReports reads the reports of a file.
func readReports(name string) ([]*check.Report, error) {
	var r io.Reader = os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	return check.ReadReports(r)
}
