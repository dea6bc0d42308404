package limit_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player/limit"
)

// recorder collects reports as "time: count last".
type recorder struct {
	start time.Time
	mu    sync.Mutex
	lines []string
}

func (r *recorder) report(n int, last error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf("%v: %d %v", time.Since(r.start), n, last))
}

func (r *recorder) want(t *testing.T, want ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := strings.Join(r.lines, ", "); got != strings.Join(want, ", ") {
		t.Fatalf("got  %s\nwant %s", got, strings.Join(want, ", "))
	}
}

func TestErrors_CountAndLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{start: time.Now()}
		e := &limit.Errors{Report: r.report}
		e.Add(nil)
		for i := range 25 {
			e.Add(fmt.Errorf("error %d", i))
			time.Sleep(110 * time.Millisecond)
		}
		synctest.Wait()
		r.want(t, "0s: 1 error 0", "1s: 9 error 9", "2s: 9 error 18")
		time.Sleep(10 * time.Second)
		e.Add(errors.New("much later"))
		r.want(t, "0s: 1 error 0", "1s: 9 error 9", "2s: 9 error 18", "3s: 6 error 24", "12.75s: 1 much later")
		if e.Total() != 26 {
			t.Fatalf("total %d, want 26", e.Total())
		}
		e.Close()
	})
}

func TestErrors_Close(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{start: time.Now()}
		e := &limit.Errors{Report: r.report, Every: time.Minute}
		e.Add(errors.New("a"))
		e.Add(errors.New("b"))
		e.Add(errors.New("c"))
		e.Close()
		e.Add(errors.New("after"))
		e.Close()
		r.want(t, "0s: 1 a", "0s: 2 c", "0s: 1 after")
	})
}

// TestErrors_ReportAdds lets the receiver of reports fail itself, which must not recurse.
func TestErrors_ReportAdds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e limit.Errors
		reports := 0
		e.Report = func(int, error) {
			reports++
			e.Add(errors.New("the log is full"))
		}
		e.Add(errors.New("first"))
		time.Sleep(3500 * time.Millisecond)
		e.Close()
		if reports != 5 {
			t.Fatalf("%d reports, want one a second and one at the end", reports)
		}
	})
}

func TestErrors_ManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sum := 0
		e := &limit.Errors{Report: func(n int, _ error) { sum += n }} // one at a time, or the race detector objects
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 50 {
					e.Add(errors.New("x"))
					time.Sleep(7 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		e.Close()
		if sum != 1000 || e.Total() != 1000 {
			t.Fatalf("reported %d, counted %d, want 1000", sum, e.Total())
		}
	})
}
