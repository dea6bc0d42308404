package plan

import "strings"

// SameLanguage compares two language tags. Exact tags are equal in any case; otherwise the languages count, so that
// "en", "eng" and "en-GB" are the same.
func SameLanguage(a, b string, exact bool) bool {
	if a == "" || b == "" {
		return false
	}
	if exact {
		return strings.EqualFold(a, b)
	}
	return language(a) == language(b)
}

// language returns the language of a tag as an ISO 639-1 code where there is one.
func language(tag string) string {
	l, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	if len(l) != 3 {
		return l
	}
	if i := strings.Index(bibliographic, " "+l); i >= 0 {
		l = bibliographic[i+4 : i+7]
	}
	for i := 0; i+5 <= len(iso639); i += 6 {
		if iso639[i+2:i+5] == l {
			return iso639[i : i+2]
		}
	}
	return l
}

// bibliographic maps the ISO 639-2/B codes to those of ISO 639-2/T.
const bibliographic = " albsqi armhye baqeus burmya chizho czeces dutnld frefra geokat gerdeu greell icemisl maomri macmkd maymsa perfas rumron slovslk tibbod welcym"

// iso639 lists ISO 639-1 codes, each followed by the ISO 639-2/T code of the same language.
const iso639 = "aaaar ababk aeave afafr akaka amamh anarg arara asasm avava ayaym azaze babak bebel bgbul bibis bmbam bnben bobod brbre " +
	"bsbos cacat ceche chcha cocos crcre csces cuchu cvchv cycym dadan dedeu dvdiv dzdzo eeewe elell eneng eoepo esspa etest " +
	"eueus fafas ffful fifin fjfij fofao frfra fyfry gagle gdgla glglg gngrn guguj gvglv hahau heheb hihin hohmo hrhrv hthat " +
	"huhun hyhye hzher iaina idind ieile igibo iiiii ikipk ioido isisl itita iuiku jajpn jvjav kakat kgkon kikik kjkua kkkaz " +
	"klkal kmkhm knkan kokor krkau kskas kukur kvkom kwcor kykir lalat lbltz lglug lilim lnlin lolao ltlit lulub lvlav mgmlg " +
	"mhmah mimri mkmkd mlmal mnmon mrmar msmsa mtmlt mymya nanau nbnob ndnde nenep ngndo nlnld nnnno nonor nrnbl nvnav nynya " +
	"ococi ojoji omorm orori ososs papan pipli plpol pspus ptpor quque rmroh rnrun roron rurus rwkin sasan scsrd sdsnd sesme " +
	"sgsag sisin skslk slslv smsmo snsna sosom sqsqi srsrp ssssw stsot susun svswe swswa tatam tetel tgtgk ththa titir tktuk " +
	"tltgl tntsn toton trtur tstso tttat twtwi tytah uguig ukukr ururd uzuzb veven vivie vovol wawln wowol xhxho yiyid yoyor " +
	"zazha zhzho zuzul "
