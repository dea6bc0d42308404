// Command mseplayer plays and checks streaming media.
package main

import "os"

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "play" {
		args = args[1:]
	}
	os.Exit(playCommand(args))
}
