package check

import "testing"

// TestProfile_Refuses is the table of what is refused, by codecs and container.
func TestProfile_Refuses(t *testing.T) {
	const no, device, yes = "error", "warning", ""
	for _, c := range []struct {
		codecs, container, kind         string
		strict, chrome, firefox, safari string
	}{
		{"avc1.64001f", "isobmff", "dash", yes, yes, yes, yes},
		{"mp4a.40.2", "isobmff", "dash", yes, yes, yes, yes},
		{"opus", "webm", "dash", yes, yes, yes, yes},
		{"vp09.00.10.08", "webm", "dash", yes, yes, yes, yes},
		{"hvc1.1.6.L93.B0", "isobmff", "dash", device, device, device, yes},
		{"av01.0.04M.08", "isobmff", "dash", device, yes, yes, device},
		{"ec-3", "isobmff", "dash", no, no, no, yes},
		{"ac-3", "mp2t", "hls", no, no, no, yes},
		{"avc1.64001f", "mp2t", "dash", no, no, no, yes},
		{"avc1.64001f", "mp2t", "hls", yes, yes, yes, yes},
		{"vorbis", "webm", "dash", device, yes, yes, device},
		{"avc1.64001f", "other", "file", no, no, no, no},
	} {
		for name, want := range map[string]string{"strict": c.strict, "chrome": c.chrome, "firefox": c.firefox, "safari": c.safari} {
			p, ok := profileOf(name)
			if !ok {
				t.Fatal(name)
			}
			list := p.findings(c.kind, 0, "0", []Track{{ID: "x", Type: "video", Period: "0", Codecs: Text(c.codecs), Container: c.container}})
			got := ""
			for _, f := range list {
				got += string(f.Severity)
				if f.Code != codeCodecUnsupported || f.Hint == "" || f.Message == "" {
					t.Errorf("%+v", f)
				}
			}
			if got != want {
				t.Errorf("%s in %s by %s, %s: got %q, want %q", c.codecs, c.container, c.kind, name, got, want)
			}
		}
	}
}
