package fetch

import (
	"crypto/rand"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CMCDMode is how a client tells servers about playback (Common Media Client Data, CTA-5004).
type CMCDMode uint8

// The modes.
const (
	NoCMCD     CMCDMode = iota
	CMCDQuery           // in the parameter CMCD of the URL
	CMCDHeader          // in the header fields CMCD-Request, -Object, -Status and -Session
)

// maxCMCDText bounds identifiers, as the standard does.
const maxCMCDText = 64

// CMCDObject is the type of what is asked for.
type CMCDObject string

// The types of objects.
const (
	CMCDManifest CMCDObject = "m"
	CMCDAudio    CMCDObject = "a"
	CMCDVideo    CMCDObject = "v"
	CMCDMuxed    CMCDObject = "av"
	CMCDInit     CMCDObject = "i"
	CMCDCaption  CMCDObject = "c"
	CMCDTimed    CMCDObject = "tt" // timed text in ISO BMFF
	CMCDKey      CMCDObject = "k"
	CMCDOther    CMCDObject = "o"
)

// CMCDFormat is the kind of streaming.
type CMCDFormat string

// The kinds of streaming.
const (
	CMCDDASH   CMCDFormat = "d"
	CMCDHLS    CMCDFormat = "h"
	CMCDSmooth CMCDFormat = "s"
	CMCDFile   CMCDFormat = "o"
)

// CMCD is what a request tells about playback. Zero is for what is not known, and is not sent; rounding is done here.
type CMCD struct {
	// Bitrate is that of the encoding asked for, TopBitrate that of the best one, in bits per second (br, tb).
	Bitrate, TopBitrate int64
	// Buffer is how much is buffered of this kind of media, to 100 ms (bl); Buffered says that it is known.
	Buffer   time.Duration
	Buffered bool
	// Starved says that the buffer was empty since the last request (bs).
	Starved bool
	// Content identifies the content, at most 64 bytes (cid).
	Content string
	// Duration is that of the object (d). Deadline is in how long the first of its media is needed, to 100 ms (dl).
	Duration, Deadline time.Duration
	// Throughput is what the network was measured to do, in bits per second, to 100 kbit/s (mtp); MaxThroughput is how much
	// the server may use, rounded likewise (rtp).
	Throughput, MaxThroughput int64
	// Next is the absolute URL of what will be asked for next on the same host (nor), NextRange its range (nrr).
	Next      string
	NextRange Range
	// Object is the type of the object (ot); by default it follows from the Kind of the request where that tells it.
	Object CMCDObject
	// Rate is the playback rate (pr); Paused says that it is 0.
	Rate   float64
	Paused bool
	// Format is the kind of streaming (sf). Live tells a live stream from a complete one (st), as far as Format is known.
	Format CMCDFormat
	Live   bool
	// Urgent says that playback begins, or has stopped, for want of this object (su).
	Urgent bool
}

// The header fields of CMCD, by key.
var cmcdFields = map[string]string{
	"br": "CMCD-Object", "d": "CMCD-Object", "ot": "CMCD-Object", "tb": "CMCD-Object",
	"bl": "CMCD-Request", "dl": "CMCD-Request", "mtp": "CMCD-Request", "nor": "CMCD-Request", "nrr": "CMCD-Request", "su": "CMCD-Request",
	"bs": "CMCD-Status", "rtp": "CMCD-Status",
	"cid": "CMCD-Session", "pr": "CMCD-Session", "sf": "CMCD-Session", "sid": "CMCD-Session", "st": "CMCD-Session", "v": "CMCD-Session",
}

// cmcdPair is one key with its value as it is written; "" is for a true boolean.
type cmcdPair struct{ key, value string }

func (p cmcdPair) String() string {
	if p.value == "" {
		return p.key
	}
	return p.key + "=" + p.value
}

// pairs lists what is known, in the order of the keys. target is the URL of the request.
// The version is 1, whose key v is left out.
func (d *CMCD) pairs(kind Kind, session string, target *url.URL) []cmcdPair {
	var list []cmcdPair
	number := func(key string, v int64) {
		if v > 0 {
			list = append(list, cmcdPair{key, strconv.FormatInt(v, 10)})
		}
	}
	flag := func(key string, v bool) {
		if v {
			list = append(list, cmcdPair{key, ""})
		}
	}
	text := func(key, v string) {
		if v != "" {
			list = append(list, cmcdPair{key, cmcdQuote(v)})
		}
	}
	token := func(key, v string) {
		if v != "" {
			list = append(list, cmcdPair{key, v})
		}
	}
	if d.Buffered {
		list = append(list, cmcdPair{"bl", strconv.FormatInt(hundreds(max(0, d.Buffer).Seconds()*1000), 10)})
	}
	number("br", kilo(d.Bitrate))
	flag("bs", d.Starved)
	text("cid", cut(d.Content, maxCMCDText))
	number("d", d.Duration.Round(time.Millisecond).Milliseconds())
	number("dl", hundreds(d.Deadline.Seconds()*1000))
	number("mtp", hundreds(float64(d.Throughput)/1000))
	if next := relative(target, d.Next); next != "" {
		text("nor", escaped(next))
	}
	if !d.NextRange.IsWhole() {
		text("nrr", d.NextRange.String())
	}
	object := d.Object
	if object == "" {
		object = cmcdObject(kind)
	}
	token("ot", string(object))
	switch {
	case d.Paused:
		list = append(list, cmcdPair{"pr", "0"})
	case d.Rate > 0 && d.Rate != 1:
		token("pr", strconv.FormatFloat(d.Rate, 'f', -1, 64))
	}
	number("rtp", hundreds(float64(d.MaxThroughput)/1000))
	token("sf", string(d.Format))
	text("sid", session)
	switch {
	case d.Live:
		token("st", "l")
	case d.Format != "":
		token("st", "v")
	}
	flag("su", d.Urgent)
	number("tb", kilo(d.TopBitrate))
	return list
}

// cmcdObject is the type that follows from a kind, "" for none.
func cmcdObject(k Kind) CMCDObject {
	switch k {
	case Manifest:
		return CMCDManifest
	case Init:
		return CMCDInit
	case Key:
		return CMCDKey
	case Text:
		return CMCDCaption
	case Index:
		return CMCDOther
	case Segment, Media:
		return ""
	default:
		return ""
	}
}

func hundreds(v float64) int64 { return int64(math.Round(v/100)) * 100 }
func kilo(v int64) int64       { return (v + 500) / 1000 }

// escaped encodes a value for a query, a space as %20.
func escaped(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// cut shortens s to n bytes.
func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// cmcdQuote puts a text into quotes, without what a header field cannot hold.
func cmcdQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, "%%%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// relative gives the path from one URL to another on the same host, "" when there is none.
func relative(from *url.URL, to string) string {
	u, err := url.Parse(to)
	if err != nil || to == "" || from == nil || u.Scheme != from.Scheme || u.Host != from.Host || u.Path == "" {
		return ""
	}
	a, b := strings.Split(from.EscapedPath(), "/"), strings.Split(u.EscapedPath(), "/")
	n := 0
	for n < len(a)-1 && n < len(b)-1 && a[n] == b[n] {
		n++
	}
	s := strings.Repeat("../", len(a)-1-n) + strings.Join(b[n:], "/")
	if strings.Contains(b[n], ":") || s == "" {
		s = "./" + s
	}
	if u.RawQuery != "" {
		s += "?" + u.RawQuery
	}
	return s
}

// applyCMCD adds the data to a request, in the parts of the standard.
func (c *Client) applyCMCD(req *http.Request, r *Request) {
	if c.cfg.CMCD == NoCMCD {
		return
	}
	data := r.CMCD
	if data == nil {
		data = &CMCD{}
	}
	list := data.pairs(r.Kind, c.session, req.URL)
	switch c.cfg.CMCD {
	case CMCDQuery:
		req.URL.RawQuery = withoutCMCD(req.URL.RawQuery)
		if req.URL.RawQuery != "" {
			req.URL.RawQuery += "&"
		}
		var s []string
		for _, p := range list {
			s = append(s, p.String())
		}
		req.URL.RawQuery += "CMCD=" + escaped(strings.Join(s, ","))
	case CMCDHeader:
		fields := map[string][]string{}
		for _, p := range list {
			f := cmcdFields[p.key]
			fields[f] = append(fields[f], p.String())
		}
		for f, s := range fields {
			req.Header.Set(f, strings.Join(s, ","))
		}
	case NoCMCD:
	}
}

// withoutCMCD takes the data out of a query.
func withoutCMCD(query string) string {
	if !strings.Contains(query, "CMCD=") {
		return query
	}
	return strings.Join(slices.DeleteFunc(strings.Split(query, "&"), func(s string) bool { return strings.HasPrefix(s, "CMCD=") }), "&")
}

// address is the URL of an answer, without the data that was added to it: what it is resolved against and asked for later.
func (c *Client) address(u *url.URL) string {
	if c.cfg.CMCD != CMCDQuery {
		return u.String()
	}
	bare := *u
	bare.RawQuery = withoutCMCD(u.RawQuery)
	return bare.String()
}

// newSession makes a random UUID (RFC 9562 §5.4).
func newSession() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
