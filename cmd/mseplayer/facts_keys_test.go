package main

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mseplayer/player/check"
	"mseplayer/player/crypt"
)

var (
	pairNote = regexp.MustCompile(`k(?:ey_)?id=([0-9a-f]{32}) key=([0-9a-f]{32})`)
	bareNote = regexp.MustCompile(`^keys: ([0-9a-f]{32})\b`)
)

// notedKeys are the keys that the note of a row names. A key without an id gets the one that the media asks for.
func notedKeys(t *testing.T, name, note string) (keys []crypt.Key) {
	t.Helper()
	add := func(kid, key string) {
		k, err := crypt.ParseKey(kid + ":" + key)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	for _, m := range pairNote.FindAllStringSubmatch(note, -1) {
		add(m[1], m[2])
	}
	if m := bareNote.FindStringSubmatch(note); m != nil {
		for _, kid := range missingKeys(checkFile(t, name)) {
			if kid == "" {
				kid = m[1] // the only key decrypts what does not name one
			}
			add(kid, m[1])
		}
	}
	return keys
}

// missingKeys are the ids of the keys that a report says are missing.
func missingKeys(r *check.Report) (kids []string) {
	for _, f := range r.Findings {
		kid, _ := f.Evidence["kid"].(check.Text)
		if f.Code == "drm.key-missing" && !slices.Contains(kids, string(kid)) {
			kids = append(kids, string(kid))
		}
	}
	return kids
}

// encryptedDeviations are what the tool that made the facts says differently of, and why.
var encryptedDeviations = map[string]string{
	"drm/androidx/sample_av1c_fragmented_clearkey.mp4":       "it read no sample",
	"drm/androidx/sample_fragmented_clearkey.mp4":            "it read no sample",
	"drm/wpt/audio_aac-lc_128k_2keys_2sess.mp4":              "",
	"drm/wpt/video_512x288_h264-360k_clear_enc_dashinit.mp4": "it takes one sample entry only",
	"drm/wpt/video_512x288_h264-360k_enc_clear_dashinit.mp4": "it takes one sample entry only",
}

// TestFacts_Encrypted decrypts all complete presentations and files whose keys are known, and compares the counts with
// those of another tool after another one's decryption.
func TestFacts_Encrypted(t *testing.T) {
	rows, root := readFacts(t, "PRESENTATIONS.tsv")
	agreed := 0
	reports := map[string]*check.Report{}
	for _, f := range rows {
		features := strings.ToLower(f["features"])
		if f["kind"] != "dash" || f["completeness"] != "COMPLETE" || !strings.Contains(features, "contentprotection") || strings.Contains(features, "dynamic") {
			continue
		}
		name := filepath.Join(root, f["manifest"])
		r := reports[name]
		if r == nil {
			r = checkFile(t, name, notedKeys(t, name, f["note"])...)
			reports[name] = r
			for _, x := range r.Findings {
				if strings.HasPrefix(x.Code, "drm.") || strings.HasPrefix(x.Code, "decode.") {
					t.Errorf("%s: %s: %s", f["manifest"], x.Code, x.Message)
				}
			}
		}
		if f["errors"] != "0" {
			continue // the other tool did not decrypt it
		}
		agreed += agree(t, f["manifest"]+" "+f["rep"], r, f)
	}
	rows, root = readFacts(t, "INDEX.tsv")
	for _, f := range rows {
		name := filepath.Join(root, f["path"])
		if f["class"] != "drm" || !strings.Contains(f["note"], "key") {
			continue
		}
		keys := notedKeys(t, name, f["note"])
		if len(keys) == 0 {
			continue
		}
		r := checkFile(t, name, keys...)
		for _, x := range r.Findings {
			if strings.HasPrefix(x.Code, "drm.") || strings.HasPrefix(x.Code, "decode.") {
				t.Errorf("%s: %s: %s", f["path"], x.Code, x.Message)
			}
		}
		if f["errors"] == "0" && encryptedDeviations[f["path"]] == "" {
			agreed += agree(t, f["path"], r, f)
		}
	}
	if root != "" {
		t.Logf("%d tracks agree", agreed)
	}
}

// agree compares the track that a row is about.
func agree(t *testing.T, name string, r *check.Report, f fact) int {
	t.Helper()
	kind := "audio"
	if f["v_frames"] != "" {
		kind = "video"
	}
	var best []string
	found := false
	for i := range r.Tracks {
		x := &r.Tracks[i]
		if parts := strings.SplitN(f["rep"], "/", 3); x.Type != kind || f["rep"] != "" && x.Representation != parts[len(parts)-1] {
			continue
		}
		if bad := disagreements(x, f, false); !found || len(bad) < len(best) {
			best, found = bad, true
		}
	}
	switch {
	case !found:
		t.Errorf("%s: no such track", name)
	case len(best) > 0:
		t.Errorf("%s: %s", name, strings.Join(best, "; "))
	default:
		return 1
	}
	return 0
}
