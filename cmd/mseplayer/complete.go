package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// completionCommand prints a completion script, made from the flags that the commands declare.
func completionCommand(args []string) int {
	f := plainFlags("completion")
	help := func() string {
		return usageText("completion", "Print a completion script for a shell.", f,
			"Examples: source <(mseplayer completion bash)\n          mseplayer completion zsh > ~/.zfunc/_mseplayer\n          mseplayer completion fish > ~/.config/fish/completions/mseplayer.fish\n")
	}
	if code, done := parse(f, args, help); done {
		return code
	}
	scripts := map[string]func([]command) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}
	script := scripts[f.Arg(0)]
	if f.NArg() != 1 || script == nil {
		return fail("completion", exitUsage, fmt.Errorf("takes the name of a shell: bash, zsh or fish; got %q", strings.Join(f.Args(), " ")))
	}
	fmt.Print(script(commands()))
	return exitOK
}

// words of the commands that take others than files.
var words = map[string][]string{
	"help":       nil, // the commands
	"completion": {"bash", "zsh", "fish"},
	"supports":   {},
	"version":    {},
}

// argumentWords returns what a command takes besides flags; files is set when that is files.
func argumentWords(c command, all []command) (list []string, files bool) {
	list, ok := words[c.name]
	if c.name == "help" {
		for _, o := range all {
			list = append(list, o.name)
		}
	}
	return list, !ok
}

// choices returns the values that a flag may take when its help lists them: "a|b|c" in small letters.
func choices(f *pflag.Flag) []string {
	name, _ := pflag.UnquoteUsage(f)
	var out []string
	for _, v := range strings.Split(name, "|") {
		if v == "" || strings.ToLower(v) != v || strings.ContainsAny(v, " .:'") {
			continue
		}
		out = append(out, v)
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// each visits the flags of a command, --help among them.
func each(c command, visit func(f *pflag.Flag)) {
	if c.flags != nil {
		c.flags().VisitAll(visit)
	}
	visit(&pflag.Flag{Name: "help", Usage: "explain the command", NoOptDefVal: "true", Value: new(nothing)})
}

// nothing is the value of the help flag.
type nothing struct{}

func (*nothing) String() string   { return "" }
func (*nothing) Set(string) error { return nil }
func (*nothing) Type() string     { return "bool" }

// takesValue reports whether a flag is followed by a value.
func takesValue(f *pflag.Flag) bool { return f.NoOptDefVal == "" }

func bashScript(all []command) string {
	var b strings.Builder
	b.WriteString("# bash completion for mseplayer\n_mseplayer() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev= cmd=play i flags= words= first=1\n")
	b.WriteString("  COMPREPLY=()\n  [[ $COMP_CWORD -gt 0 ]] && prev=${COMP_WORDS[COMP_CWORD-1]}\n  if [[ $COMP_CWORD -gt 1 ]]; then\n    case ${COMP_WORDS[1]} in\n")
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	fmt.Fprintf(&b, "      %s) cmd=${COMP_WORDS[1]}; first= ;;\n    esac\n    [[ $COMP_CWORD -gt 1 ]] && first=\n  fi\n  case $cmd in\n", strings.Join(names, "|"))
	for _, c := range all {
		var flags []string
		fmt.Fprintf(&b, "    %s)\n      case $prev in\n", c.name)
		each(c, func(f *pflag.Flag) {
			flags = append(flags, "--"+f.Name)
			switch list := choices(f); {
			case !takesValue(f):
			case list != nil:
				fmt.Fprintf(&b, "        --%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", f.Name, strings.Join(list, " "))
			default:
				fmt.Fprintf(&b, "        --%s) compopt -o default 2>/dev/null; return ;;\n", f.Name)
			}
		})
		list, files := argumentWords(c, all)
		fmt.Fprintf(&b, "      esac\n      flags='%s'", strings.Join(flags, " "))
		if !files {
			fmt.Fprintf(&b, "; words='%s'", strings.Join(list, " "))
		} else {
			b.WriteString("; words=/")
		}
		b.WriteString(" ;;\n")
	}
	fmt.Fprintf(&b, "  esac\n  if [[ $cur == -* ]]; then\n    COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n    return\n  fi\n"+
		"  if [[ $words == / ]]; then\n    compopt -o default -o filenames 2>/dev/null\n    COMPREPLY=($(compgen -f -- \"$cur\"))\n  else\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n  fi\n"+
		"  [[ -n $first ]] && COMPREPLY+=($(compgen -W '%s' -- \"$cur\"))\n}\ncomplete -F _mseplayer mseplayer\n", strings.Join(names, " "))
	return b.String()
}

// zshQuote makes a text safe within single quotes and the brackets of an argument specification.
func zshQuote(s string) string {
	return strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(s)
}

func zshScript(all []command) string {
	var b strings.Builder
	b.WriteString("#compdef mseplayer\n# zsh completion for mseplayer\n_mseplayer() {\n  local -a commands\n  commands=(\n")
	for _, c := range all {
		fmt.Fprintf(&b, "    '%s:%s'\n", c.name, zshQuote(c.summary))
	}
	b.WriteString("  )\n  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n    _describe -t commands command commands\n    _files\n    return\n  fi\n  local cmd=play\n  case $words[2] in\n")
	for _, c := range all {
		fmt.Fprintf(&b, "    %s) cmd=%s; shift words; (( CURRENT-- )) ;;\n", c.name, c.name)
	}
	b.WriteString("  esac\n  case $cmd in\n")
	for _, c := range all {
		fmt.Fprintf(&b, "    %s)\n      _arguments -S", c.name)
		each(c, func(f *pflag.Flag) {
			name, text := pflag.UnquoteUsage(f)
			spec := fmt.Sprintf("--%s[%s]", f.Name, zshQuote(text))
			if takesValue(f) {
				action := "_files"
				if list := choices(f); list != nil {
					action = "(" + strings.Join(list, " ") + ")"
				}
				spec = fmt.Sprintf("*--%s=[%s]:%s:%s", f.Name, zshQuote(text), zshQuote(name), action)
			}
			fmt.Fprintf(&b, " \\\n        '%s'", spec)
		})
		if list, files := argumentWords(c, all); files {
			b.WriteString(" \\\n        '*:source:_files'")
		} else if len(list) > 0 {
			fmt.Fprintf(&b, " \\\n        '*:word:(%s)'", strings.Join(list, " "))
		}
		b.WriteString(" ;;\n")
	}
	b.WriteString("  esac\n}\n_mseplayer \"$@\"\n")
	return b.String()
}

// fishQuote makes a text safe within single quotes.
func fishQuote(s string) string { return strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) }

func fishScript(all []command) string {
	var b strings.Builder
	b.WriteString("# fish completion for mseplayer\n")
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	none := "not __fish_seen_subcommand_from " + strings.Join(names, " ")
	for _, c := range all {
		fmt.Fprintf(&b, "complete -c mseplayer -n '%s' -a %s -d '%s'\n", none, c.name, fishQuote(c.summary))
	}
	for _, c := range all {
		when := "__fish_seen_subcommand_from " + c.name
		if c.name == "play" {
			when += "; or " + none
		}
		each(c, func(f *pflag.Flag) {
			_, text := pflag.UnquoteUsage(f)
			fmt.Fprintf(&b, "complete -c mseplayer -n '%s' -l %s -d '%s'", when, f.Name, fishQuote(text))
			switch list := choices(f); {
			case !takesValue(f):
			case list != nil:
				fmt.Fprintf(&b, " -x -a '%s'", strings.Join(list, " "))
			default:
				b.WriteString(" -r")
			}
			b.WriteString("\n")
		})
		if list, files := argumentWords(c, all); !files {
			fmt.Fprintf(&b, "complete -c mseplayer -n '%s' -f", when)
			if len(list) > 0 {
				fmt.Fprintf(&b, " -a '%s'", strings.Join(list, " "))
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
