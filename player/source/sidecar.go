package source

import (
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"mseplayer/player/fetch"
)

const (
	// maxFolder bounds the entries of a folder that are looked at, maxSidecars the files of subtitles that are found in it.
	maxFolder, maxSidecars = 10000, 32
	// maxNameParts bounds what stands between the name of a film and the ending of its subtitles: a language and marks.
	maxNameParts = 4
)

// Sidecar is a file of subtitles beside a media file.
type Sidecar struct {
	// URL is where it is, Name the name of the file.
	URL, Name string
	// Language is a BCP 47 tag, "" when the name does not tell. Kind is "subtitles" or "captions".
	Language, Kind string
	// Forced marks subtitles of foreign parts only.
	Forced bool
	// Format is the ending of the name ("srt"); that of VobSub, which has a second file (.sub), is "idx".
	Format string
}

// sidecarEndings are the endings of files of subtitles.
var sidecarEndings = map[string]bool{".srt": true, ".vtt": true, ".webvtt": true, ".ass": true, ".ssa": true, ".ttml": true, ".dfxp": true, ".imsc": true, ".itt": true, ".idx": true}

// Sidecars finds the files of subtitles that belong to a local media file by their names: film.srt, film.en.vtt and
// film.de.forced.ass belong to film.mkv. The order is that of the names, files without a language first.
func Sidecars(mediaURL string) []Sidecar {
	u, err := url.Parse(mediaURL)
	if err != nil || u.Scheme != "file" || u.Host != "" && u.Host != "localhost" {
		return nil
	}
	folder, name := path.Split(u.Path)
	stem := strings.TrimSuffix(name, path.Ext(name))
	if stem == "" {
		return nil
	}
	f, err := os.Open(filepath.FromSlash(folder))
	if err != nil {
		return nil
	}
	defer f.Close()
	var found []Sidecar
	for seen := 0; seen < maxFolder; {
		entries, err := f.ReadDir(256)
		for _, e := range entries {
			c, ok := beside(stem, e.Name())
			if !ok || e.Name() == name || !regular(e, filepath.Join(folder, e.Name())) {
				continue
			}
			c.URL = (&url.URL{Scheme: "file", Path: path.Join(folder, e.Name())}).String()
			found = append(found, c)
		}
		seen += len(entries)
		if err == io.EOF || len(entries) == 0 {
			break
		}
	}
	sort.Slice(found, func(i, j int) bool {
		a, b := found[i], found[j]
		if (a.Language == "") != (b.Language == "") {
			return a.Language == ""
		}
		if a.Forced != b.Forced {
			return !a.Forced
		}
		return a.Name < b.Name
	})
	return found[:min(len(found), maxSidecars)]
}

// regular reports whether an entry is a file, or a link to one: reading anything else could block.
func regular(e os.DirEntry, name string) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.Type().IsRegular()
	}
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// beside reports whether a file of that name belongs to the film of that stem, and what its name says.
func beside(stem, name string) (Sidecar, bool) {
	ext := strings.ToLower(path.Ext(name))
	if !sidecarEndings[ext] || len(name) < len(stem)+len(ext) || !strings.HasPrefix(name, stem) {
		return Sidecar{}, false
	}
	middle := name[len(stem) : len(name)-len(ext)]
	c := Sidecar{Name: name, Kind: "subtitles", Format: ext[1:]}
	if middle == "" {
		return c, true
	}
	if !strings.ContainsRune("._-", rune(middle[0])) {
		return Sidecar{}, false
	}
	return c, c.read(strings.FieldsFunc(middle, func(r rune) bool { return r == '.' || r == '_' }))
}

// read takes what the parts of a name say, and reports whether all of them say something.
func (c *Sidecar) read(parts []string) bool {
	if len(parts) > maxNameParts {
		return false
	}
	for _, p := range parts {
		p = strings.Trim(p, "-")
		switch strings.ToLower(p) {
		case "forced", "foreign":
			c.Forced = true
		case "sdh", "cc", "hi":
			c.Kind = "captions"
		case "default", "full", "":
		default:
			if c.Language != "" || !isLanguage(p) {
				return false
			}
			c.Language = p
		}
	}
	return true
}

// isLanguage reports whether s looks like a language tag: two or three letters, perhaps with a script or a region.
func isLanguage(s string) bool {
	for i, part := range strings.Split(s, "-") {
		letters := strings.IndexFunc(part, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }) < 0
		digits := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' }) < 0
		switch {
		case i == 0 && letters && (len(part) == 2 || len(part) == 3):
		case i > 0 && i < 3 && (letters && (len(part) == 2 || len(part) == 4) || digits && len(part) == 3):
		default:
			return false
		}
	}
	return true
}

// Describe returns what the name of a file of subtitles that somebody names says about it.
func Describe(fileURL string) Sidecar {
	c := Sidecar{URL: fileURL, Kind: "subtitles"}
	name := fetch.Redact(fileURL)
	if u, err := url.Parse(fileURL); err == nil && u.Path != "" {
		name = u.Path
	}
	c.Name = path.Base(name)
	ext := path.Ext(c.Name)
	c.Format = strings.ToLower(strings.TrimPrefix(ext, "."))
	parts := strings.Split(strings.TrimSuffix(c.Name, ext), ".")
	for i := range parts {
		if i == 0 || i < len(parts)-maxNameParts {
			continue
		}
		if said := c; said.read(parts[i:]) {
			said.URL, said.Name, said.Format = c.URL, c.Name, c.Format
			return said
		}
	}
	return c
}

// threeLetters are the languages whose tags of three letters, as Matroska and MP4 have them, are common beside those of two.
var threeLetters = map[string]string{
	"ara": "ar", "bul": "bg", "cat": "ca", "ces": "cs", "cze": "cs", "dan": "da", "deu": "de", "ger": "de", "ell": "el", "gre": "el", "eng": "en", "spa": "es",
	"est": "et", "eus": "eu", "baq": "eu", "fas": "fa", "per": "fa", "fin": "fi", "fra": "fr", "fre": "fr", "gle": "ga", "glg": "gl", "heb": "he", "hin": "hi", "hrv": "hr",
	"hun": "hu", "ind": "id", "isl": "is", "ice": "is", "ita": "it", "jpn": "ja", "kat": "ka", "geo": "ka", "kor": "ko", "lit": "lt", "lav": "lv", "mkd": "mk", "mac": "mk",
	"msa": "ms", "may": "ms", "nld": "nl", "dut": "nl", "nor": "no", "nob": "nb", "nno": "nn", "pol": "pl", "por": "pt", "ron": "ro", "rum": "ro", "rus": "ru",
	"slk": "sk", "slo": "sk", "slv": "sl", "sqi": "sq", "alb": "sq", "srp": "sr", "swe": "sv", "tam": "ta", "tel": "te", "tha": "th", "tur": "tr", "ukr": "uk", "urd": "ur",
	"vie": "vi", "zho": "zh", "chi": "zh",
}

// Language returns the language of a tag without script and region, in two letters where it has such: "en" for "eng" and
// for "en-GB".
func Language(tag string) string {
	l, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if two, ok := threeLetters[l]; ok {
		return two
	}
	return l
}
