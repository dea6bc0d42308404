package dash

// attrType is what the schema demands of an attribute's value.
type attrType uint8

const (
	text     attrType = iota + 1
	unsigned          // xs:unsignedInt
	long              // xs:unsignedLong
	ticks             // xs:unsignedLong that may be negative in the wild
	integer           // xs:int
	boolean           // xs:boolean
	decimal           // xs:double, and INF
	duration          // xs:duration; kept beside the tree, see facts
	aside             // any text; kept beside the tree, see facts
)

// element describes one element as far as the model needs it: everything that is not listed never reaches the
// library.
type element struct {
	attrs    map[string]attrType
	children []string
	// text is set for elements whose character data counts.
	text bool
	// remote is set for elements that may be replaced by a document elsewhere (xlink:href).
	remote bool
	// beside is set for elements that are kept beside the tree as a whole: the library never sees them.
	beside bool
}

// schema is the part of the DASH-MPD schema that the model uses, by local name. Names of other name spaces that are
// used are listed in foreign.
// ISO/IEC 23009-1 Annex B.
var schema = map[string]*element{
	"MPD": {
		attrs: map[string]attrType{"id": text, "profiles": text, "type": text, "availabilityStartTime": text,
			"publishTime": text, "mediaPresentationDuration": duration, "minBufferTime": duration, "minimumUpdatePeriod": duration,
			"timeShiftBufferDepth": duration, "suggestedPresentationDelay": duration},
		children: []string{"ProgramInformation", "BaseURL", "Location", "PatchLocation", "RequestParam", "ServiceDescription", "Period", "ContentProtection",
			"EssentialProperty", "SupplementalProperty", "UTCTiming", "ContentSteering"},
	},
	"ProgramInformation": {children: []string{"Title"}},
	"Title":              {text: true},
	"BaseURL": {attrs: map[string]attrType{"serviceLocation": aside, "byteRange": aside, "availabilityTimeOffset": aside,
		"availabilityTimeComplete": aside, "dvbPriority": aside, "dvbWeight": aside}, text: true},
	"Location":      {attrs: map[string]attrType{"serviceLocation": text}, text: true},
	"PatchLocation": {attrs: map[string]attrType{"serviceLocation": text, "ttl": decimal}, text: true},
	"ServiceDescription": {
		attrs:    map[string]attrType{"id": unsigned},
		children: []string{"Latency", "PlaybackRate", "ContentSteering"},
	},
	"Latency":         {attrs: map[string]attrType{"target": unsigned, "max": unsigned, "min": unsigned}},
	"PlaybackRate":    {attrs: map[string]attrType{"max": decimal, "min": decimal}},
	"ContentSteering": {attrs: map[string]attrType{"defaultServiceLocation": text, "queryBeforeStart": boolean}, text: true},
	"UTCTiming":       descriptor,
	"Period": {
		attrs: map[string]attrType{"id": text, "start": duration, "duration": duration},
		children: []string{"BaseURL", "RequestParam", "SegmentBase", "SegmentList", "SegmentTemplate", "EventStream", "ServiceDescription",
			"ContentProtection", "AdaptationSet", "SupplementalProperty", "Preselection"},
		remote: true,
	},
	"AdaptationSet": {
		attrs: common(map[string]attrType{"id": aside, "group": aside, "lang": text, "contentType": text}),
		children: commonChildren("Accessibility", "Role", "Viewpoint", "ContentComponent", "BaseURL", "RequestParam", "SegmentBase",
			"SegmentList", "SegmentTemplate", "Representation"),
		remote: true,
	},
	"ContentComponent": {attrs: map[string]attrType{"contentType": text, "lang": text}, children: []string{"Role", "Accessibility"}},
	"Representation": {
		attrs:    common(map[string]attrType{"id": text, "bandwidth": unsigned, "qualityRanking": unsigned, "dependencyId": text}),
		children: commonChildren("BaseURL", "RequestParam", "SegmentBase", "SegmentList", "SegmentTemplate"),
	},
	"Preselection": {
		attrs:    common(map[string]attrType{"id": text, "preselectionComponents": text, "lang": text, "tag": text}),
		children: commonChildren("Accessibility", "Role"),
	},
	"EventStream": {
		attrs:    map[string]attrType{"schemeIdUri": aside, "value": aside, "timescale": aside, "presentationTimeOffset": aside},
		children: []string{"Event"},
		remote:   true, beside: true,
	},
	"Event": {attrs: map[string]attrType{"presentationTime": aside, "duration": aside, "id": aside, "status": aside, "contentEncoding": aside,
		"messageData": aside}, text: true, beside: true},
	"InbandEventStream": {attrs: map[string]attrType{"schemeIdUri": text, "value": text}},
	"Resync":            {attrs: map[string]attrType{"type": unsigned, "dT": unsigned}},
	"ProducerReferenceTime": {attrs: map[string]attrType{"id": unsigned, "inband": boolean, "type": text, "wallClockTime": text,
		"presentationTime": long}, children: []string{"UTCTiming"}},
	"Label": {attrs: map[string]attrType{"id": unsigned, "lang": text}, text: true},

	"Accessibility":             descriptor,
	"Role":                      descriptor,
	"Viewpoint":                 descriptor,
	"AudioChannelConfiguration": descriptor,
	"EssentialProperty":         descriptor,
	"SupplementalProperty":      descriptor,
	"ContentProtection": {
		attrs:    map[string]attrType{"schemeIdUri": text, "value": text, "id": text, "ref": text, "refId": text},
		children: []string{"pssh", "Laurl"},
	},

	"SegmentBase": {
		attrs:    base(nil),
		children: []string{"Initialization", "RepresentationIndex"},
	},
	"SegmentList": {
		attrs:    base(map[string]attrType{"duration": unsigned, "startNumber": unsigned, "endNumber": unsigned}),
		children: []string{"Initialization", "RepresentationIndex", "SegmentTimeline", "SegmentURL"},
		remote:   true,
	},
	"SegmentTemplate": {
		attrs: base(map[string]attrType{"duration": unsigned, "startNumber": unsigned, "endNumber": unsigned, "k": long,
			"media": text, "initialization": text}),
		children: []string{"Initialization", "RepresentationIndex", "SegmentTimeline"},
	},
	"Initialization":      {attrs: map[string]attrType{"sourceURL": text, "range": text}},
	"RepresentationIndex": {attrs: map[string]attrType{"sourceURL": text, "range": text}},
	"SegmentURL":          {attrs: map[string]attrType{"media": text, "mediaRange": text}},
	"SegmentTimeline":     {children: []string{"S", "Pattern"}},
	"S":                   {attrs: map[string]attrType{"t": ticks, "n": long, "d": long, "r": integer, "k": long, "p": unsigned, "pE": unsigned}},
	"Pattern":             {attrs: map[string]attrType{"id": long}, children: []string{"P"}},
	"P":                   {attrs: map[string]attrType{"d": long, "r": unsigned}},

	"UrlQueryInfo":    urlQuery,
	"ExtUrlQueryInfo": urlQuery,
	"RequestParam":    urlQuery,
}

var descriptor = &element{
	attrs:    map[string]attrType{"schemeIdUri": text, "value": text, "id": text},
	children: []string{"UrlQueryInfo", "ExtUrlQueryInfo"},
}

var urlQuery = &element{attrs: map[string]attrType{"queryTemplate": text, "useMPDUrlQuery": boolean, "queryString": text, "includeInRequests": text,
	"sameOriginPolicy": boolean, "headerParamSource": text}, remote: true}

// common adds the attributes that adaptation sets and representations share.
func common(own map[string]attrType) map[string]attrType {
	for _, name := range []string{"sar", "frameRate", "audioSamplingRate", "mimeType", "codecs", "scanType"} {
		own[name] = text
	}
	for _, name := range []string{"width", "height", "selectionPriority"} {
		own[name] = unsigned
	}
	return own
}

func commonChildren(own ...string) []string {
	return append(own, "AudioChannelConfiguration", "ContentProtection", "EssentialProperty", "SupplementalProperty", "Label", "InbandEventStream",
		"Resync", "ProducerReferenceTime")
}

// base adds the attributes of all segment information elements.
func base(own map[string]attrType) map[string]attrType {
	m := map[string]attrType{"timescale": unsigned, "presentationTimeOffset": ticks, "eptDelta": integer, "indexRange": text, "indexRangeExact": boolean,
		"availabilityTimeOffset": decimal, "availabilityTimeComplete": boolean}
	for k, v := range own {
		m[k] = v
	}
	return m
}

// The name spaces that the model needs besides DASH's own.
const (
	nsXMLNS  = "http://www.w3.org/2000/xmlns/"
	nsXML    = "http://www.w3.org/XML/1998/namespace"
	nsXLink  = "http://www.w3.org/1999/xlink"
	nsCENC   = "urn:mpeg:cenc:2013"
	nsSCTE   = "urn:scte:dash:scte214-extensions"
	nsDASHIF = "https://dashif.org/CPS"
	nsDVB    = "urn:dvb:dash:dash-extensions:2014-1"
	nsQuery  = "urn:mpeg:dash:schema:urlparam:2014"
	nsQuery2 = "urn:mpeg:dash:schema:urlparam:2016"
)

// usualPrefixes are the name spaces that documents mean when they forget to declare these prefixes.
var usualPrefixes = map[string]string{
	"xlink": nsXLink, "cenc": nsCENC, "scte214": nsSCTE, "dashif": nsDASHIF, "clearkey": nsDASHIF, "dvb": nsDVB, "up": nsQuery, "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}

// foreign says under which name the library knows an element or attribute of another name space.
var foreign = map[[2]string]string{
	{nsCENC, "pssh"}:        "pssh",
	{nsCENC, "default_KID"}: "default_KID",
	{nsDASHIF, "Laurl"}:     "Laurl",
	{"http://dashif.org/guidelines/clearKey", "Laurl"}: "Laurl",
	{nsSCTE, "supplementalCodecs"}:                     "supplementalCodecs",
	{nsDVB, "priority"}:                                "dvbPriority",
	{nsDVB, "weight"}:                                  "dvbWeight",
	{"urn:dvb:dash-extensions:2014-1", "priority"}:     "dvbPriority",
	{"urn:dvb:dash-extensions:2014-1", "weight"}:       "dvbWeight",
	{nsQuery, "UrlQueryInfo"}:                          "UrlQueryInfo",
	{nsQuery2, "UrlQueryInfo"}:                         "UrlQueryInfo",
	{nsQuery2, "ExtUrlQueryInfo"}:                      "ExtUrlQueryInfo",
}

// librarySpace is the name space under which the library looks for a foreign name.
var librarySpace = map[string]string{"pssh": nsCENC, "default_KID": nsCENC, "Laurl": nsDASHIF, "supplementalCodecs": nsSCTE,
	"UrlQueryInfo": nsQuery, "ExtUrlQueryInfo": nsQuery2}
