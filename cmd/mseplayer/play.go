package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"mseplayer/assets/demo"
	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/player/element"
	"mseplayer/player/fetch"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/subtitle"
	"mseplayer/render"
	"mseplayer/render/yuv"
)

// demoName is what plays when nothing is named.
const demoName = "demo:///" + demo.Manifest

// maxBuffer is the most that --buffer takes, in seconds; bytes are bounded all the same.
const maxBuffer = 3600

// maxSubDelay is the most that --sub-delay takes, in seconds.
const maxSubDelay = 86400

// playOptions are the flags of play.
type playOptions struct {
	start, end, duration float64
	loop, paused         bool
	abLoopA, abLoopB     float64
	abLoop               [2]bool // which of the two were given
	audioDelay           float64
	speed                float64
	volume               float64
	mute                 bool
	replayGain           string
	fullscreen           bool
	geometry             string
	scale                string
	deinterlace, hwdec   string
	video, audio, sub    string
	subFiles             []string
	subDelay, subScale   float64
	quality              string
	maxHeight            int
	maxBitrate           int64
	liveDelay, buffer    float64
	headless             bool
	audioOut             string
	screenshots          []string
	stats                string
	frames               uint64
	displayRate          float64
	dump                 string
	quiet, verbose       bool
	logFile              string
	headers              []string
	userAgent            string
	caFile               string
	insecure             bool
	throttle             int64
	har, cmcd            string
	keys                 keyOptions
}

// playFlags declares the flags of play.
func playFlags(o *playOptions) *pflag.FlagSet {
	f := pflag.NewFlagSet("play", pflag.ContinueOnError)
	f.SortFlags = false
	f.Float64Var(&o.start, "start", 0, "begin at `T` seconds")
	f.Float64Var(&o.end, "end", 0, "stop at position `T` seconds")
	f.Float64Var(&o.duration, "duration", 0, "stop after `D` seconds of playback")
	f.Uint64Var(&o.frames, "frames", 0, "stop after `N` presented frames")
	f.BoolVar(&o.loop, "loop", false, "play again and again, from --start to --end")
	f.Float64Var(&o.abLoopA, "ab-loop-a", 0, "play the section that begins at `T` seconds again and again")
	f.Float64Var(&o.abLoopB, "ab-loop-b", 0, "the end of that section, `T` seconds")
	f.BoolVar(&o.paused, "paused", false, "begin paused")
	f.Float64Var(&o.speed, "speed", 1, "`R` times as fast, 0.25 to 4; sound keeps its pitch")
	f.Float64Var(&o.volume, "volume", 100, "volume in percent, `0..130`")
	f.BoolVar(&o.mute, "mute", false, "begin without sound")
	f.StringVar(&o.replayGain, "replaygain", player.None, "bring the sound of files to one level by their ReplayGain or R128 tags, `no|track|album`")
	f.BoolVar(&o.fullscreen, "fullscreen", false, "begin fullscreen")
	f.StringVar(&o.geometry, "geometry", "", "size and place of the window, `WxH+X+Y`")
	f.StringVar(&o.scale, "scale", "bilinear", "how the window enlarges and reduces pictures: `bilinear|bicubic|lanczos`")
	f.StringVar(&o.deinterlace, "deinterlace", "auto", "deinterlace pictures: `auto|yes|no`; auto: those flagged as interlaced, in the window and in screenshots")
	f.StringVar(&o.hwdec, "hwdec", "no", "let hardware decode, `auto|no|vaapi`; where it cannot, the processor does")
	f.StringVar(&o.video, "video-track", "", "video track, `ID|no`")
	f.StringVar(&o.audio, "audio-track", "", "audio track, `ID|LANG|no`")
	f.StringVar(&o.sub, "sub-track", "", "subtitles, `ID|LANG|no` (default: a file given or found beside the media, foreign parts, the author's default; what is forced is always shown)")
	f.StringArrayVar(&o.subFiles, "sub-file", nil, "show the subtitles in `F`, a path or a URL (repeatable)")
	f.Float64Var(&o.subDelay, "sub-delay", 0, "show subtitles `S` seconds later, or earlier if negative")
	f.Float64Var(&o.subScale, "sub-scale", 1, "subtitles `R` times as large, 0.1 to 10")
	f.StringVar(&o.quality, "abr", "auto", "which representation: `auto|min|max|ID`; auto follows the network")
	f.IntVar(&o.maxHeight, "max-height", 0, "no video of more than `N` lines if there is another")
	f.Int64Var(&o.maxBitrate, "max-bitrate", 0, "no video of more than `BPS` bits per second if there is another")
	f.Float64Var(&o.liveDelay, "live-delay", 0, "keep `S` seconds from the live edge (default: what the stream asks for, else three segments)")
	f.Float64Var(&o.buffer, "buffer", 0, "fetch `S` seconds ahead of the position, 2 or more (default: 30)")
	f.BoolVar(&o.headless, "headless", false, "no window: play in real time to an invisible surface")
	f.Float64Var(&o.displayRate, "display-rate", 60, "refresh rate of the invisible surface, `HZ`")
	f.StringVar(&o.audioOut, "audio-out", "auto", "sound goes to `auto|null|wav:FILE`")
	f.Float64Var(&o.audioDelay, "audio-delay", 0, "sound comes `S` seconds later than the pictures, -5 to 5; negative: earlier")
	f.StringArrayVar(&o.screenshots, "screenshot", nil, "write the picture at media time T to a file, `T:FILE.png` (repeatable)")
	f.StringVar(&o.stats, "stats-json", "", "write the playback report to `FILE|-` at the end")
	f.StringVar(&o.dump, "dump", "", "write a line for each picture and block of sound to `FILE`")
	f.StringArrayVar(&o.headers, "header", nil, "add a request header, `'Name: value'` (repeatable)")
	f.StringVar(&o.userAgent, "user-agent", "", "call the player `S` in requests")
	f.StringVar(&o.caFile, "ca-file", "", "trust the certificates in `F` as well")
	f.BoolVar(&o.insecure, "insecure", false, "do not check certificates")
	f.Int64Var(&o.throttle, "throttle", 0, "slow the network down to `BPS` bits per second")
	f.StringVar(&o.cmcd, "cmcd", "", "tell servers about playback (CMCD) in URLs or header fields: `query|header`")
	f.StringVar(&o.har, "har", "", "write all requests to `FILE`, an HTTP archive")
	o.keys.declare(f)
	f.BoolVar(&o.quiet, "quiet", false, "print errors only")
	f.BoolVar(&o.verbose, "verbose", false, "print what happens")
	f.StringVar(&o.logFile, "log-file", "", "write the log to `F`")
	return f
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// check tells what is wrong with the values.
func (o *playOptions) check() error {
	switch {
	case o.start < 0:
		return usage("--start %g: must not be negative", o.start)
	case o.end < 0 || o.end > 0 && o.end <= o.start:
		return usage("--end %g: must lie after --start %g", o.end, o.start)
	case o.abLoop[0] != o.abLoop[1]:
		return usage("--ab-loop-a and --ab-loop-b: a section has both")
	case o.abLoop[0] && !(o.abLoopA >= 0 && o.abLoopB >= 0 && o.abLoopA != o.abLoopB):
		return usage("--ab-loop-a %g --ab-loop-b %g: must be two positions, not negative", o.abLoopA, o.abLoopB)
	case !(math.Abs(o.audioDelay) <= float64(element.MaxAudioDelay)):
		return usage("--audio-delay %g: must be %g to %g", o.audioDelay, -float64(element.MaxAudioDelay), float64(element.MaxAudioDelay))
	case o.duration < 0:
		return usage("--duration %g: must not be negative", o.duration)
	case !(o.speed >= element.MinRate && o.speed <= element.MaxRate):
		return usage("--speed %g: must be %g to %g", o.speed, element.MinRate, float64(element.MaxRate))
	case o.volume < 0 || o.volume > 130:
		return usage("--volume %g: must be 0 to 130", o.volume)
	case o.replayGain != player.None && o.replayGain != player.ReplayGainTrack && o.replayGain != player.ReplayGainAlbum:
		return usage("--replaygain %s: takes no, track or album", o.replayGain)
	case math.IsNaN(o.subDelay) || math.Abs(o.subDelay) > maxSubDelay:
		return usage("--sub-delay %g: must be at most %d seconds, either way", o.subDelay, maxSubDelay)
	case !(o.subScale >= subtitle.MinScale && o.subScale <= subtitle.MaxScale):
		return usage("--sub-scale %g: must be %g to %d", o.subScale, subtitle.MinScale, subtitle.MaxScale)
	case o.displayRate < 1 || o.displayRate > 1000:
		return usage("--display-rate %g: must be 1 to 1000", o.displayRate)
	case o.maxHeight < 0:
		return usage("--max-height %d: must not be negative", o.maxHeight)
	case o.maxBitrate < 0:
		return usage("--max-bitrate %d: must not be negative", o.maxBitrate)
	case o.cmcd != "" && o.cmcd != "query" && o.cmcd != "header":
		return usage("--cmcd %s: takes query or header", o.cmcd)
	case o.throttle < 0:
		return usage("--throttle %d: must not be negative", o.throttle)
	case o.quality == "":
		return usage("--abr: takes auto, min, max or the id of a representation")
	case !(o.liveDelay >= 0) || math.IsInf(o.liveDelay, 0):
		return usage("--live-delay %g: must be a number of seconds, not negative", o.liveDelay)
	case o.buffer != 0 && !(o.buffer >= float64(player.MinAhead) && o.buffer <= maxBuffer):
		return usage("--buffer %g: must be %g to %d seconds", o.buffer, float64(player.MinAhead), maxBuffer)
	case o.audioOut != "auto" && o.audioOut != "null" && (!strings.HasPrefix(o.audioOut, "wav:") || o.audioOut == "wav:"):
		return usage("--audio-out %s: takes auto, null or wav:FILE", o.audioOut)
	case o.headless && o.fullscreen:
		return usage("--fullscreen: there is no window with --headless")
	}
	if _, err := render.ParseGeometry(o.geometry); o.geometry != "" && err != nil {
		return usage("--geometry %s: %v", o.geometry, err)
	}
	if _, err := yuv.ParseFilter(o.scale); err != nil {
		return usage("--scale %v", err)
	}
	if _, err := o.decoders(nil); err != nil {
		return err
	}
	for _, s := range o.screenshots {
		if _, err := parseShot(s); err != nil {
			return err
		}
	}
	for _, name := range o.subFiles {
		if err := checkLocal(name); err != nil {
			return usage("--sub-file %s: %v", fetch.Redact(name), err)
		}
	}
	return nil
}

// checkLocal reports why a local file cannot be read; of what is elsewhere that is not known yet.
func checkLocal(name string) error {
	if scheme, _, ok := strings.Cut(name, ":"); ok && len(scheme) > 1 && !strings.ContainsAny(scheme, "/.") {
		return nil
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return pathCause(err)
	case info.IsDir():
		return errors.New("it is a folder")
	}
	return nil
}

// decoders is what the flags say about decoding.
func (o *playOptions) decoders(log *slog.Logger) (ffmpeg.Factory, error) {
	deinterlace, err := ffmpeg.ParseDeinterlace(o.deinterlace)
	if err != nil {
		return ffmpeg.Factory{}, usage("--deinterlace %v", err)
	}
	hardware, err := ffmpeg.ParseHardware(o.hwdec)
	if err != nil {
		return ffmpeg.Factory{}, usage("--hwdec %v", err)
	}
	return ffmpeg.Factory{Deinterlace: deinterlace, Hardware: hardware, Log: log}, nil
}

// shot is one picture to be written.
type shot struct {
	at   media.Time
	file string
}

func parseShot(s string) (shot, error) {
	t, file, ok := strings.Cut(s, ":")
	at, err := strconv.ParseFloat(t, 64)
	if !ok || err != nil || at < 0 || file == "" {
		return shot{}, usage("--screenshot %s: takes T:FILE.png with T in seconds", s)
	}
	if !strings.EqualFold(path.Ext(file), ".png") {
		return shot{}, usage("--screenshot %s: the file must end in .png", s)
	}
	return shot{media.Time(at), file}, nil
}

// playCommand runs play with its arguments and returns the exit code.
func playCommand(args []string) int {
	var o playOptions
	flags := playFlags(&o)
	if code, done := parse(flags, args, func() string { return playHelp(flags) }); done {
		return code
	}
	o.abLoop = [2]bool{flags.Changed("ab-loop-a"), flags.Changed("ab-loop-b")}
	if err := o.check(); err != nil {
		return fail("play", exitUsage, err)
	}
	names := flags.Args()
	if len(names) == 0 {
		names = []string{demoName}
	}
	s, err := newSession(o)
	if err != nil {
		return fail("play", exitUsage, err)
	}
	return s.run(names)
}

func playHelp(flags *pflag.FlagSet) string {
	return `Play DASH and HLS presentations and media files.

  mseplayer [play] [flags] [SOURCE...]

SOURCE is a path, a URL (http, https, file), a folder that holds one manifest, or - for standard input. Several are
played one after the other; without any, the built-in demo plays.

` + flags.FlagUsages() + `
Keys: space pause, ←→ 5 s, ↑↓ 1 min, with shift 1 s and 5 s, . , picture by picture, 9 0 volume, m mute, [ ] slower and
faster, { } half and double, backspace normal speed, l repeat from here, to here, and no more, ctrl + - sound later and earlier,
# next sound, _ next pictures, j J subtitles, v hide and show them, z Z earlier and later, f fullscreen, i statistics, home start,
q quit.
`
}
