package source_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/player/source"
)

func TestSidecars(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"film.mkv", "film.srt", "film.en.vtt", "film.pt-BR.srt", "film.de.forced.ass", "film.sv.sdh.ttml", "Film.en.srt", "film.txt", "film2.srt", "film.part2.srt",
		"film.en.fr.srt", "filmen.srt", "film.nl.idx", "film.nl.sub", "a b%20c.mp4", "a b%20c.en.srt", ".srt"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "film.fi.srt"), 0o755); err != nil {
		t.Fatal(err)
	}
	address := func(name string) string {
		return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(dir, name))}).String()
	}
	for _, c := range []struct{ url, want string }{
		{address("film.mkv"), "film.srt||subtitles|false film.en.vtt|en|subtitles|false film.nl.idx|nl|subtitles|false film.pt-BR.srt|pt-BR|subtitles|false film.sv.sdh.ttml|sv|captions|false film.de.forced.ass|de|subtitles|true"},
		{address("a b%20c.mp4"), "a b%20c.en.srt|en|subtitles|false"},
		{address("film.srt"), "film.en.vtt|en|subtitles|false film.nl.idx|nl|subtitles|false film.pt-BR.srt|pt-BR|subtitles|false film.sv.sdh.ttml|sv|captions|false film.de.forced.ass|de|subtitles|true"},
		{address("nothing.mp4"), ""},
		{"http://example.com" + dir + "/film.mkv", ""},
		{"file:///no/such/folder/film.mkv", ""},
		{"stdin:", ""},
	} {
		var got []string
		for _, s := range source.Sidecars(c.url) {
			got = append(got, fmt.Sprintf("%s|%s|%s|%t", s.Name, s.Language, s.Kind, s.Forced))
			u, err := url.Parse(s.URL)
			if err != nil || filepath.Base(u.Path) != s.Name {
				t.Errorf("the address of %s is %s", s.Name, s.URL)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.url, s, c.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"file:///a/film.en.srt", "film.en.srt en subtitles false srt"},
		{"https://user:secret@example.com/s/Title.2024.de.forced.ass?key=1", "Title.2024.de.forced.ass de subtitles true ass"},
		{"file:///a/words.vtt", "words.vtt  subtitles false vtt"},
		{"file:///a/some.thing.else.vtt", "some.thing.else.vtt  subtitles false vtt"},
	} {
		s := source.Describe(c.url)
		if got := fmt.Sprintf("%s %s %s %t %s", s.Name, s.Language, s.Kind, s.Forced, s.Format); got != c.want || s.URL != c.url {
			t.Errorf("%s: got %q, want %q", c.url, got, c.want)
		}
	}
	for tag, want := range map[string]string{"eng": "en", "en-GB": "en", "EN": "en", "ger": "de", "deu": "de", "zh-Hant-TW": "zh", "gsw": "gsw", "": ""} {
		if got := source.Language(tag); got != want {
			t.Errorf("Language(%q) is %q, want %q", tag, got, want)
		}
	}
}
