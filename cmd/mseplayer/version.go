package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"mseplayer/assets/licenses"
	"mseplayer/player/ffmpeg"
)

// versionOptions are the flags of version.
type versionOptions struct{ json, licenses bool }

func versionFlags(o *versionOptions) *pflag.FlagSet {
	f := pflag.NewFlagSet("version", pflag.ContinueOnError)
	f.SortFlags = false
	f.BoolVar(&o.json, "json", false, "print it as JSON")
	f.BoolVar(&o.licenses, "licenses", false, "print the licences of everything that is linked in")
	return f
}

// versionCommand prints what this program is made of.
func versionCommand(args []string) int {
	var o versionOptions
	f := versionFlags(&o)
	if code, done := parse(f, args, func() string { return usageText("version", "Print the version, and what is built in.", f, "") }); done {
		return code
	}
	switch {
	case f.NArg() > 0:
		return fail("version", exitUsage, fmt.Errorf("takes no arguments, got %q", f.Arg(0)))
	case o.json && o.licenses:
		return fail("version", exitUsage, errors.New("--json and --licenses exclude each other"))
	case o.licenses:
		fmt.Print(licenses.Text())
		return exitOK
	}
	v := ffmpeg.LinkedVersions()
	if !o.json {
		fmt.Printf("mseplayer %s (%s)\nMIT licence; FFmpeg %s, %s\n\ndecoders: %s\n\ndemuxers: %s\n", version, commit, v.FFmpeg, v.License,
			strings.Join(v.Decoders, " "), strings.Join(v.Demuxers, " "))
		return exitOK
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	err := e.Encode(struct {
		Name          string   `json:"name"`
		Version       string   `json:"version"`
		Commit        string   `json:"commit"`
		License       string   `json:"license"`
		FFmpeg        string   `json:"ffmpeg"`
		FFmpegLicense string   `json:"ffmpegLicense"`
		Decoders      []string `json:"decoders"`
		Demuxers      []string `json:"demuxers"`
	}{"mseplayer", version, commit, "MIT", v.FFmpeg, v.License, v.Decoders, v.Demuxers})
	if err != nil {
		return fail("version", exitUsage, pathCause(err))
	}
	return exitOK
}
