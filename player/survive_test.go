package player_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player"
	"mseplayer/player/fetch"
	"mseplayer/player/playertest"
	"mseplayer/player/playertest/netsim"
)

// TestSurvive plays five minutes, of which some is damaged, over a network on which one request in twenty fails: playback
// ends at the end, and what could not be had is listed. The bubble sees to it that no goroutine is left.
func TestSurvive(t *testing.T) {
	const length, rate = 300, 0.05
	files := playertest.Package{Periods: []float64{length}, Rungs: 2}.Files()
	for _, name := range []string{"p0-v1-40.m4s", "p0-v2-40.m4s", "p0-a-90.m4s"} {
		files[name].Data = files[name].Data[:len(files[name].Data)/3]
	}
	for _, seed := range []uint64{1, 2} {
		t.Run("seed "+string('0'+rune(seed)), func(t *testing.T) {
			within(t, func(t *testing.T) {
				faults := &netsim.Faults{Seed: seed, Rate: rate}
				server := &netsim.Server{Handler: faults.Wrap(http.FileServerFS(files))}
				server.Start()
				defer synctest.Wait()
				defer server.Close()
				r := assemble(t, player.Config{}, fetch.Config{Dial: server.Dial, Seed: seed}, "http://h.example/manifest.mpd")
				defer r.stop()
				r.open()
				r.p.Play()
				r.finish(2 * length * time.Second)
				rep := r.report()
				if err := r.p.Err(); err != nil || !rep.Ended || float64(rep.Position) < length-0.5 {
					t.Errorf("seed %d: error %v, ended %v at %v", seed, err, rep.Ended, rep.Position)
				}
				var lost float64
				var damaged int
				for _, l := range rep.Lost {
					if strings.Contains(l.Reason, "truncated") && (l.From == 78 && l.Kind == "video" || l.From == 178 && l.Kind == "audio") {
						damaged++
					}
					lost += float64(l.To - l.From)
					if l.Reason == "" || l.URL == nil || l.To <= l.From {
						t.Errorf("seed %d: lost %+v", seed, l)
					}
				}
				if missing := length*25 - float64(rep.Quality.Total); missing < 0 || missing > lost*25+25 {
					t.Errorf("seed %d: %v pictures are missing, %d s are listed as lost", seed, missing, int(lost))
				}
				if damaged != 2 || len(rep.GapsJumped) == 0 {
					t.Errorf("seed %d: lost %+v, jumped %v", seed, rep.Lost, rep.GapsJumped)
				}
				if faults.Count() < 5 {
					t.Errorf("seed %d: only %d requests failed", seed, faults.Count())
				}
				if t.Failed() {
					t.Logf("faults %v\n%s", faults.Injected(), r.log)
				}
			})
		})
	}
}
