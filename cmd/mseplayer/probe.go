package main

import (
	"github.com/spf13/pflag"
)

type probeOptions struct {
	net  netOptions
	json bool
}

func probeFlags(o *probeOptions) *pflag.FlagSet {
	f := pflag.NewFlagSet("probe", pflag.ContinueOnError)
	f.SortFlags = false
	f.BoolVar(&o.json, "json", false, "print it as JSON")
	o.net.declare(f)
	return f
}

func probeCommand(args []string) int { return 0 }
