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
}

// schema is the part of the DASH-MPD schema that the model uses, by local name. Names of other name spaces that are
// used are listed in foreign.
// ISO/IEC 23009-1 Annex B.
var schema = map[string]*element{
	"MPD": {
		attrs: map[string]attrType{"id": text, "profiles": text, "type": text, "availabilityStartTime": text,
			"mediaPresentationDuration": duration, "minBufferTime": duration, "minimumUpdatePeriod": duration},
		children: []string{"ProgramInformation", "BaseURL", "Period", "ContentProtection", "EssentialProperty"},
	},
	"ProgramInformation": {children: []string{"Title"}},
	"Title":              {text: true},
	"BaseURL":            {attrs: map[string]attrType{"serviceLocation": text}, text: true},
	"Period": {
		attrs:    map[string]attrType{"id": text, "start": duration, "duration": duration},
		children: []string{"BaseURL", "SegmentBase", "SegmentList", "SegmentTemplate", "ContentProtection", "AdaptationSet"},
		remote:   true,
	},
	"AdaptationSet": {
		attrs: common(map[string]attrType{"id": aside, "group": aside, "lang": text, "contentType": text}),
		children: commonChildren("Accessibility", "Role", "Viewpoint", "ContentComponent", "BaseURL", "SegmentBase", "SegmentList",
			"SegmentTemplate", "Representation"),
		remote: true,
	},
	"ContentComponent": {attrs: map[string]attrType{"contentType": text, "lang": text}, children: []string{"Role", "Accessibility"}},
	"Representation": {
		attrs:    common(map[string]attrType{"id": text, "bandwidth": unsigned, "qualityRanking": unsigned, "dependencyId": text}),
		children: commonChildren("BaseURL", "SegmentBase", "SegmentList", "SegmentTemplate"),
	},
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
		children: []string{"Initialization"},
	},
	"SegmentList": {
		attrs:    base(map[string]attrType{"duration": unsigned, "startNumber": unsigned, "endNumber": unsigned}),
		children: []string{"Initialization", "SegmentTimeline", "SegmentURL"},
		remote:   true,
	},
	"SegmentTemplate": {
		attrs: base(map[string]attrType{"duration": unsigned, "startNumber": unsigned, "endNumber": unsigned, "k": long,
			"media": text, "initialization": text}),
		children: []string{"Initialization", "SegmentTimeline"},
	},
	"Initialization":  {attrs: map[string]attrType{"sourceURL": text, "range": text}},
	"SegmentURL":      {attrs: map[string]attrType{"media": text, "mediaRange": text}},
	"SegmentTimeline": {children: []string{"S"}},
	"S":               {attrs: map[string]attrType{"t": ticks, "n": long, "d": long, "r": integer, "k": long}},
}

var descriptor = &element{attrs: map[string]attrType{"schemeIdUri": text, "value": text, "id": text}}

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
	return append(own, "AudioChannelConfiguration", "ContentProtection", "EssentialProperty", "SupplementalProperty", "Label")
}

// base adds the attributes of all segment information elements.
func base(own map[string]attrType) map[string]attrType {
	m := map[string]attrType{"timescale": unsigned, "presentationTimeOffset": ticks, "eptDelta": integer, "indexRange": text, "indexRangeExact": boolean}
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
)

// usualPrefixes are the name spaces that documents mean when they forget to declare these prefixes.
var usualPrefixes = map[string]string{
	"xlink": nsXLink, "cenc": nsCENC, "scte214": nsSCTE, "dashif": nsDASHIF, "clearkey": nsDASHIF, "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}

// foreign says under which name the library knows an element or attribute of another name space.
var foreign = map[[2]string]string{
	{nsCENC, "pssh"}:        "pssh",
	{nsCENC, "default_KID"}: "default_KID",
	{nsDASHIF, "Laurl"}:     "Laurl",
	{"http://dashif.org/guidelines/clearKey", "Laurl"}: "Laurl",
	{nsSCTE, "supplementalCodecs"}:                     "supplementalCodecs",
}

// librarySpace is the name space under which the library looks for a foreign name.
var librarySpace = map[string]string{"pssh": nsCENC, "default_KID": nsCENC, "Laurl": nsDASHIF, "supplementalCodecs": nsSCTE}
