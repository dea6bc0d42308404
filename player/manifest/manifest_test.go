package manifest_test

import (
	"errors"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

func TestBase_Resolve(t *testing.T) {
	for _, tt := range []struct {
		document, ref, want string // want "!…" is a part of the error
	}{
		{"https://h.example/a/m.mpd?token=1#x", "seg.m4s", "https://h.example/a/seg.m4s"},
		{"https://h.example/a/m.mpd", "../b/seg 1.m4s", "https://h.example/b/seg%201.m4s"},
		{"https://h.example/a/m.mpd", "/root.m4s", "https://h.example/root.m4s"},
		{"https://h.example/a/m.mpd", "//other.example/x", "https://other.example/x"},
		{"https://h.example/a/m.mpd", "HTTP://Other.example/x", "http://Other.example/x"},
		{"https://h.example/a/m.mpd", "?q=1", "https://h.example/a/m.mpd?q=1"},
		{"https://h.example/a/m.mpd", "", "https://h.example/a/m.mpd"},
		{"https://u:p@h.example/a/m.mpd", "seg", "https://u:p@h.example/a/seg"},
		{"https://u:p@h.example/a/m.mpd", "https://other.example/seg", "https://other.example/seg"},
		{"https://h.example/a/m.mpd", "50%.m4s", "https://h.example/a/50%25.m4s"},
		{"https://h.example/a/m.mpd", "50%41.m4s", "https://h.example/a/50%41.m4s"},
		{"https://h.example/a/m.mpd", " \n seg \n", "https://h.example/a/seg"},
		{"https://h.example/a/m.mpd", "data:video/mp4;base64,AAAA", "data:video/mp4;base64,AAAA"},
		{"https://h.example/a/m.mpd", "file:///etc/passwd", "!may not point to local files"},
		{"https://h.example/a/m.mpd", "FILE:///etc/passwd", "!may not point to local files"},
		{"https://h.example/a/m.mpd", "ftp://h.example/x", `!scheme "ftp" is not handled`},
		{"https://h.example/a/m.mpd", "javascript:alert(1)", "!not handled"},
		{"https://h.example/a/m.mpd", "http:///x", "!no host"},
		{"https://h.example/a/m.mpd", "a\x00b", "!invalid control character"},
		{"https://h.example/a/m.mpd", "http://[::1", "!missing ']'"},
		{"https://h.example/a/m.mpd", strings.Repeat("x", 9000), "!longer than 8192 bytes"},
		{"file:///a/b/m.mpd", "../c/v.mp4", "file:///a/c/v.mp4"},
		{"file:///a/b/m.mpd", "../../../../v.mp4", "file:///v.mp4"},
		{"file:///a/b/m.mpd", "https://h.example/v.mp4", "https://h.example/v.mp4"},
		{"file:///a/b/m.mpd", "//host/v.mp4", "!another host"},
		{"demo:/m.mpd", "v.mp4", "demo:///v.mp4"},
		{"demo:/m.mpd", "https://h.example/v.mp4", "https://h.example/v.mp4"},
		{"demo:/m.mpd", "file:///v.mp4", "!may not point to local files"},
		{"file:///m.mpd", "demo:/v.mp4", "!not handled"},
	} {
		b, err := manifest.ParseBase(tt.document)
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.ResolveURL(tt.ref)
		if part, bad := strings.CutPrefix(tt.want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), part) || strings.ContainsAny(err.Error(), "\n\x00") || len(err.Error()) > 200 {
				t.Errorf("%s + %.40q: got %q, %v; want an error with %q", tt.document, tt.ref, got, err, part)
			}
			continue
		}
		if err != nil || got != tt.want {
			t.Errorf("%s + %.40q: got %q, %v; want %q", tt.document, tt.ref, got, err, tt.want)
		}
	}
}

// TestBase_OriginStays follows a BaseURL to another host: the rule of the first document still applies.
func TestBase_OriginStays(t *testing.T) {
	local, err := manifest.ParseBase("file:///a/m.mpd")
	if err != nil {
		t.Fatal(err)
	}
	far, err := local.Resolve("http://h.example/x/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := far.Resolve("file:///b"); err != nil {
		t.Errorf("a local document may point back: %v", err)
	}
	remote, _ := manifest.ParseBase("http://h.example/m.mpd")
	data, err := remote.Resolve("data:,x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := data.Resolve("file:///b"); err == nil {
		t.Error("a remote document reached a local file through another scheme")
	}
}

func TestParseBase_Refused(t *testing.T) {
	for _, s := range []string{"", "m.mpd", "/a/m.mpd", "http://h.example/\x01", "http://u:secret@h.example:port/"} {
		if b, err := manifest.ParseBase(s); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, %v", s, b, err)
		}
	}
}

func TestBase_Redacted(t *testing.T) {
	b, err := manifest.ParseBase("https://u:p@h.example/a?b=c")
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Redacted(); got != "https://h.example/a?b=c" {
		t.Errorf("got %s", got)
	}
	if b.String() != "https://u:p@h.example/a?b=c" {
		t.Errorf("Redacted changed the base: %s", b)
	}
	if s := (manifest.Base{}).Redacted() + (manifest.Base{}).String(); s != "" {
		t.Errorf("the zero value: %q", s)
	}
}

func TestRange(t *testing.T) {
	for _, tt := range []struct {
		r     manifest.Range
		s     string
		n     int64
		whole bool
	}{
		{manifest.Range{}, "", 0, true},
		{manifest.Range{Start: 100}, "100-", 0, false},
		{manifest.Range{Start: 100, End: 200}, "100-199", 100, false},
		{manifest.Range{End: 1}, "0-0", 1, false},
	} {
		if tt.r.String() != tt.s || tt.r.Len() != tt.n || tt.r.IsWhole() != tt.whole {
			t.Errorf("%+v: got %q, %d, %v", tt.r, tt.r.String(), tt.r.Len(), tt.r.IsWhole())
		}
	}
}

func TestSingleIndex(t *testing.T) {
	x := manifest.SingleIndex{Start: 5, Duration: 10}
	if x.Len() != 1 || x.At(0).End() != 15 || x.Find(0) != 0 || x.Find(14.9) != 0 || x.Find(15) != 1 {
		t.Errorf("known length: %v %v %v", x.Find(0), x.Find(14.9), x.Find(15))
	}
	if x := (manifest.SingleIndex{Start: 5}); x.Find(1e9) != 0 {
		t.Error("a segment of unknown length has no end")
	}
	defer func() {
		if recover() == nil {
			t.Error("At(1) did not panic")
		}
	}()
	x.At(1)
}

func TestTimestampOffset(t *testing.T) {
	p := &manifest.Period{Start: 30}
	r := &manifest.Representation{Timescale: 90000, OffsetTicks: 2700000}
	if got := r.TimestampOffset(p); got != 0 {
		t.Errorf("got %s, want 0", got)
	}
	r.OffsetTicks = 0
	if got := r.TimestampOffset(p); got != 30 {
		t.Errorf("got %s, want 30", got)
	}
	if w := p.Window(); w.Start != 30 || w.End != media.Forever {
		t.Errorf("open window: %v", w)
	}
}

func TestFindings_Bounded(t *testing.T) {
	var fs manifest.Findings
	for range 1500 {
		fs.Add(manifest.Finding{Code: manifest.CodeInvalid, Severity: manifest.SeverityError, Message: "x"})
	}
	list := fs.List()
	if len(list) != 1001 || !strings.Contains(list[1000].Message, "500 further") {
		t.Errorf("got %d findings, the last %v", len(list), list[len(list)-1])
	}
}

func TestError(t *testing.T) {
	cause := errors.New("cause")
	for want, e := range map[string]*manifest.Error{
		"http://h/m.mpd:7: message: cause": {URL: "http://h/m.mpd", Line: 7, Msg: "message", Err: cause},
		"message":                          {Msg: "message"},
	} {
		if e.Error() != want {
			t.Errorf("got %q, want %q", e, want)
		}
	}
	if !errors.Is(&manifest.Error{Err: cause}, cause) {
		t.Error("the cause is not reachable")
	}
	var fs manifest.Findings
	fs.Add(manifest.Finding{Code: manifest.CodeInvalid, Message: "a\nb", Hint: "c\td", Where: "e\u0085f"})
	if f := fs.List()[0]; f.Message != "a b" || f.Hint != "c d" || f.Where != "e f" {
		t.Errorf("not on one line: %+v", f)
	}
	if e := (&manifest.Error{Msg: "a\r\nb"}); e.Error() != "a  b" {
		t.Errorf("not on one line: %q", e)
	}
	f := manifest.Finding{Code: manifest.CodeInvalid, Severity: manifest.SeverityError, Where: "line 1", Message: "m"}
	if f.String() != "error manifest.invalid at line 1: m" {
		t.Errorf("got %q", f)
	}
}

func TestNames(t *testing.T) {
	if manifest.Video.String()+manifest.Audio.String()+manifest.Text.String()+manifest.Image.String()+manifest.Kind(0).String() != "videoaudiotextimageunknown" {
		t.Error("kinds")
	}
	if manifest.DASH.String()+manifest.HLS.String()+manifest.File.String()+manifest.Format(0).String() != "dashhlsfileunknown" {
		t.Error("formats")
	}
	if got := manifest.TrackID("0", "1", "720p"); got != "p0/1/720p" {
		t.Errorf("track id %q", got)
	}
	if got := manifest.SystemName("urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED"); got != "widevine" {
		t.Errorf("system %q", got)
	}
	if (manifest.Rational{Num: 30000, Den: 1001}).Float() != 30000.0/1001 || (manifest.Rational{}).Float() != 0 {
		t.Error("rational")
	}
}
