package main

import (
	"errors"
	"fmt"

	"mseplayer/mse"
	"mseplayer/player/ffmpeg"
)

// supportsCommand answers MediaSource.isTypeSupported for each type.
func supportsCommand(args []string) int {
	f := plainFlags("supports")
	help := func() string {
		return usageText("supports", "Say for each MIME type whether media of it can be appended and decoded (MediaSource.isTypeSupported): yes, or no and why.", f,
			"Example: mseplayer supports 'video/mp4; codecs=\"avc1.64001f\"'\nExit code: 1 if any is not supported.\n")
	}
	if code, done := parse(f, args, help); done {
		return code
	}
	if f.NArg() == 0 {
		return fail("supports", exitUsage, errors.New("name a MIME type, such as 'video/mp4; codecs=\"avc1.64001f\"'"))
	}
	o := mse.Options{Decodes: ffmpeg.Factory{}.Supports}
	code := exitOK
	for _, typ := range f.Args() {
		if ok, reason := o.IsTypeSupported(typ); !ok {
			fmt.Println("no: " + oneLine(reason))
			code = exitFailed
			continue
		}
		fmt.Println("yes")
	}
	return code
}
