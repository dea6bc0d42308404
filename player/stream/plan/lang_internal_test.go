package plan

import "testing"

func TestSameLanguage(t *testing.T) {
	for _, tt := range []struct {
		a, b         string
		exact, loose bool
	}{
		{"en", "EN", true, true},
		{"en", "eng", false, true},
		{"en-GB", "en_US", false, true},
		{"ger", "de", false, true},
		{"deu", "ger", false, true},
		{"fre", "fra", false, true},
		{"chi", "zh-Hant", false, true},
		{"wel", "cy", false, true},
		{"alb", "sq", false, true},
		{"zul", "zu", false, true},
		{"aar", "aa", false, true},
		{"qaa", "qaa", true, true},
		{"en", "fr", false, false},
		{"sv", "swe", false, true},
		{"nob", "no", false, false},
		{"", "", false, false},
		{"en", "", false, false},
	} {
		if got := SameLanguage(tt.a, tt.b, true); got != tt.exact {
			t.Errorf("%s, %s: exact %v", tt.a, tt.b, got)
		}
		if got := SameLanguage(tt.a, tt.b, false); got != tt.loose {
			t.Errorf("%s, %s: loose %v", tt.a, tt.b, got)
		}
	}
	if len(iso639)%6 != 0 {
		t.Error("the table has a broken entry")
	}
}
