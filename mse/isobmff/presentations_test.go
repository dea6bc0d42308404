package isobmff_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// What follows finds the files of a presentation the plain way: everything is listed, nothing is decided. It is for
// complete presentations on disk only.

// node is an XML element.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Kids    []node     `xml:",any"`
}

func (n *node) all(name string) (out []*node) {
	for i := range n.Kids {
		if n.Kids[i].XMLName.Local == name {
			out = append(out, &n.Kids[i])
		}
	}
	return out
}

func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// inherit returns the last value of an attribute among elements of that name in the chain, and the last children.
func inherit(chain []*node, element, attr string) (value string, kids []*node) {
	for _, n := range chain {
		for _, e := range n.all(element) {
			if v := e.attr(attr); v != "" {
				value = v
			}
			if k := e.all(attr); len(k) > 0 {
				kids = k
			}
		}
	}
	return value, kids
}

func has(chain []*node, element string) bool {
	for _, n := range chain {
		if len(n.all(element)) > 0 {
			return true
		}
	}
	return false
}

// piece is a file or a part of one. to 0 means its end.
type piece struct {
	path     string
	from, to int64
	key, iv  []byte
}

func (p piece) read() ([]byte, error) {
	b, err := os.ReadFile(p.path)
	if err != nil {
		return nil, err
	}
	if p.to == 0 {
		p.to = int64(len(b))
	}
	if p.from > p.to || p.to > int64(len(b)) {
		return nil, fmt.Errorf("%s: range %d-%d of %d bytes", p.path, p.from, p.to, len(b))
	}
	b = b[p.from:p.to]
	if p.key == nil {
		return b, nil
	}
	c, err := aes.NewCipher(p.key)
	if err != nil || len(b)%aes.BlockSize != 0 || len(b) == 0 {
		return nil, fmt.Errorf("%s: cannot be decrypted: %d bytes, %v", p.path, len(b), err)
	}
	cipher.NewCBCDecrypter(c, p.iv).CryptBlocks(b, b)
	return b[:len(b)-int(b[len(b)-1])], nil
}

var (
	periodLength = regexp.MustCompile(`^P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$`)
	identifier   = regexp.MustCompile(`\$(RepresentationID|Number|Time|Bandwidth)(%0?\d*d)?\$`)
)

func seconds(s string) float64 {
	m := periodLength.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	total := 0.0
	for i, unit := range []float64{86400, 3600, 60, 1} {
		v, _ := strconv.ParseFloat(m[i+1], 64) // an absent group is 0
		total += v * unit
	}
	return total
}

func number(s string, def int64) int64 {
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v
	}
	return def
}

// dashPieces lists the files of each representation, by "P<period>/AS<set>/<representation>" as the facts name them.
func dashPieces(path string) (map[string][]piece, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var mpd node
	if err := xml.Unmarshal(b, &mpd); err != nil {
		return nil, err
	}
	out := map[string][]piece{}
	periods := mpd.all("Period")
	for pi, p := range periods {
		length := seconds(p.attr("duration"))
		if length == 0 && pi+1 < len(periods) {
			length = seconds(periods[pi+1].attr("start")) - seconds(p.attr("start"))
		}
		if length <= 0 {
			length = seconds(mpd.attr("mediaPresentationDuration")) - seconds(p.attr("start"))
		}
		for ai, a := range p.all("AdaptationSet") {
			for _, r := range a.all("Representation") {
				dir := filepath.Dir(path) + "/"
				for _, n := range []*node{&mpd, p, a, r} {
					if u := n.all("BaseURL"); len(u) > 0 {
						dir = filepath.Dir(dir+"x") + "/" + strings.TrimSpace(u[0].Text)
					}
				}
				out[fmt.Sprintf("P%d/AS%d/%s", pi, ai, r.attr("id"))] = representation([]*node{p, a, r}, r, dir, length)
			}
		}
	}
	return out, nil
}

func representation(chain []*node, r *node, base string, length float64) (out []piece) {
	join := func(u string) string { return filepath.Dir(base+"x") + "/" + u }
	part := func(u, byteRange string) piece {
		p := piece{path: base}
		if u != "" {
			p.path = join(u)
		}
		if from, to, ok := strings.Cut(byteRange, "-"); ok {
			p.from, p.to = number(from, 0), number(to, -1)+1
		}
		return p
	}
	expand := func(t string, n, time int64) string {
		return identifier.ReplaceAllStringFunc(t, func(s string) string {
			m := identifier.FindStringSubmatch(s)
			format := m[2]
			if format == "" {
				format = "%d"
			}
			switch m[1] {
			case "RepresentationID":
				return r.attr("id")
			case "Number":
				return fmt.Sprintf(format, n)
			case "Time":
				return fmt.Sprintf(format, time)
			default:
				return fmt.Sprintf(format, number(r.attr("bandwidth"), 0))
			}
		})
	}
	initialization := func(element string) {
		if _, kids := inherit(chain, element, "Initialization"); len(kids) > 0 {
			out = append(out, part(kids[0].attr("sourceURL"), kids[0].attr("range")))
		}
	}
	switch {
	case has(chain[2:], "SegmentBase") || !has(chain, "SegmentTemplate") && !has(chain, "SegmentList"):
		return []piece{{path: base}}
	case has(chain, "SegmentTemplate"):
		const e = "SegmentTemplate"
		get := func(name string) string { v, _ := inherit(chain, e, name); return v }
		if t := get("initialization"); t != "" {
			out = append(out, part(expand(t, 0, 0), ""))
		} else {
			initialization(e)
		}
		n, scale := number(get("startNumber"), 1), number(get("timescale"), 1)
		if _, lines := inherit(chain, e, "SegmentTimeline"); len(lines) > 0 {
			at, runs := int64(0), lines[0].all("S")
			for i, s := range runs {
				at = number(s.attr("t"), at)
				d, repeat := number(s.attr("d"), 1), number(s.attr("r"), 0)
				if repeat < 0 {
					end := length * float64(scale)
					if i+1 < len(runs) && runs[i+1].attr("t") != "" {
						end = float64(number(runs[i+1].attr("t"), 0))
					}
					repeat = int64(math.Ceil((end-float64(at))/float64(d)-1e-6)) - 1
				}
				for range repeat + 1 {
					out = append(out, part(expand(get("media"), n, at), ""))
					at, n = at+d, n+1
				}
			}
			return out
		}
		d := number(get("duration"), 0)
		if d == 0 {
			return append(out, part(expand(get("media"), n, 0), ""))
		}
		count := int64(math.Ceil(length*float64(scale)/float64(d) - 1e-6))
		if end := number(get("endNumber"), 0); end > 0 {
			count = end - n + 1
		}
		for i := range count {
			out = append(out, part(expand(get("media"), n+i, i*d), ""))
		}
		return out
	default:
		initialization("SegmentList")
		_, urls := inherit(chain, "SegmentList", "SegmentURL")
		for _, u := range urls {
			out = append(out, part(u.attr("media"), u.attr("mediaRange")))
		}
		return out
	}
}

var attribute = regexp.MustCompile(`([A-Z0-9-]+)=("[^"]*"|[^,]*)`)

// hlsPieces lists the initialization sections and segments of a media playlist.
func hlsPieces(path string) (out []piece, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var key, iv []byte
	sequence, lastMap, byteRange := int64(0), "", ""
	gap := false
	after := map[string]int64{}
	ranged := func(p *piece, s string) {
		if s == "" {
			return
		}
		n, from, ok := strings.Cut(s, "@")
		p.from = after[p.path]
		if ok {
			p.from = number(from, 0)
		}
		p.to = p.from + number(n, 0)
		after[p.path] = p.to
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		tag, rest, _ := strings.Cut(line, ":")
		attrs := map[string]string{}
		for _, m := range attribute.FindAllStringSubmatch(rest, -1) {
			attrs[m[1]] = strings.Trim(m[2], `"`)
		}
		switch {
		case tag == "#EXT-X-MEDIA-SEQUENCE":
			sequence = number(rest, 0)
		case tag == "#EXT-X-KEY":
			key, iv = nil, nil
			switch attrs["METHOD"] {
			case "AES-128", "AES-256":
				if key, err = os.ReadFile(filepath.Join(filepath.Dir(path), attrs["URI"])); err != nil {
					return nil, err
				}
				if s := strings.TrimPrefix(strings.ToLower(attrs["IV"]), "0x"); s != "" {
					fmt.Sscanf(s, "%x", &iv)
				}
			}
		case tag == "#EXT-X-MAP" && rest != lastMap:
			lastMap = rest
			p := piece{path: filepath.Join(filepath.Dir(path), attrs["URI"]), key: key, iv: iv}
			ranged(&p, attrs["BYTERANGE"])
			out = append(out, p)
		case tag == "#EXT-X-GAP":
			gap = true
		case tag == "#EXT-X-BYTERANGE":
			byteRange = rest
		case line != "" && !strings.HasPrefix(line, "#") && gap:
			gap = false
			sequence++
		case line != "" && !strings.HasPrefix(line, "#"):
			p := piece{path: filepath.Join(filepath.Dir(path), line), key: key, iv: iv}
			if key != nil && iv == nil {
				p.iv = binary.BigEndian.AppendUint64(make([]byte, 8), uint64(sequence))
			}
			ranged(&p, byteRange)
			out = append(out, p)
			byteRange = ""
			sequence++
		}
	}
	return out, nil
}

// TestFacts_Presentations feeds the initialization and media segments of every complete presentation through one
// parser a representation and compares what comes out with what an independent tool counted.
func TestFacts_Presentations(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestGolden covers built content")
		return
	}
	content := filepath.Join(dir, "content")
	n, good := 0, 0
	for _, facts := range collection.Table(t, filepath.Join(content, "PRESENTATIONS.tsv")) {
		if facts["completeness"] != "COMPLETE" || facts["v_packets"]+facts["a_packets"] == "" || !strings.Contains(facts["format"], "mp4") && facts["kind"] != "hls" {
			continue
		}
		manifest := filepath.Join(content, facts["manifest"])
		var pieces []piece
		var err error
		if facts["rep"] == "media playlist" {
			pieces, err = hlsPieces(manifest)
		} else {
			var all map[string][]piece
			if all, err = dashPieces(manifest); err == nil {
				if pieces = all[facts["rep"]]; pieces == nil {
					err = errors.New("no such representation")
				}
			}
		}
		name := facts["manifest"] + " " + facts["rep"]
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(pieces) > 0 && !isMP4(pieces[0]) {
			continue
		}
		n++
		r := &recorder{Quiet: true}
		p := isobmff.New(isobmff.Options{})
		iframes := strings.Contains(facts["features"], "iframes-only")
		for i, piece := range pieces {
			var b []byte
			if b, err = piece.read(); err == nil {
				err = bytestreamtest.Feed(p, r, b)
			}
			if err != nil {
				break
			}
			if iframes && i > 0 { // each piece is the beginning of a segment
				if err = p.Flush(r); err != nil {
					break
				}
				p.Reset()
			}
		}
		if iframes && err == nil {
			// The tool reads on into the next piece as if it were the rest of the segment; one picture a piece is right.
			for _, name := range []string{"first", "last", "end"} {
				facts["v_"+name] = ""
			}
			facts["v_packets"] = strconv.Itoa(len(pieces) - 1)
			facts["v_key"] = facts["v_packets"]
		}
		var dev []string
		if err != nil {
			dev = append(dev, err.Error())
		}
		dev = append(dev, bytestreamtest.Deviations(r, facts, counts)...)
		if bytestreamtest.Judge(t, known, name, dev) {
			good++
		}
	}
	t.Logf("%d of %d representations agree", good, n)
}

// isMP4 looks for a box type that begins files of the format.
func isMP4(p piece) bool {
	f, err := os.Open(p.path)
	if err != nil {
		return true // let reading it complain
	}
	defer f.Close()
	b := make([]byte, 8)
	if _, err := f.ReadAt(b, p.from); err != nil && err != io.EOF {
		return true
	}
	return p.key != nil || bytes.Contains([]byte("ftyp styp moof moov sidx free"), b[4:])
}
