package mse_test

import (
	"errors"
	"fmt"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// keyedParser notes the keys that it is given.
type keyedParser struct {
	bytestream.Parser
	keys *[]string
	err  error
}

func (p *keyedParser) SetKey(k *media.SampleKey, _ bytestream.Handler) error {
	s := "none"
	if k != nil {
		s = fmt.Sprint(k.KID[0], k.IV[0])
	}
	*p.keys = append(*p.keys, s)
	return p.err
}

// TestSourceBuffer_SetSampleKey: a key reaches the parser once, when nothing is being appended; another format begins
// without one.
func TestSourceBuffer_SetSampleKey(t *testing.T) {
	const keyed = "application/x-keyed"
	var keys []string
	fault := errors.New("half a frame")
	failing := false
	p := newPageWith(t, &medium{name: "text"}, mse.Options{Private: map[string]func() bytestream.Parser{
		msetest.TextType: msetest.NewTextParser,
		keyed: func() bytestream.Parser {
			k := &keyedParser{Parser: msetest.NewTextParser(), keys: &keys}
			if failing {
				k.err = fault
			}
			return k
		},
	}})
	sb := p.add(keyed)
	k := &media.SampleKey{KID: [16]byte{1}, IV: [16]byte{2}}
	p.ok(sb.SetSampleKey(nil))
	p.ok(sb.SetSampleKey(k))
	k.IV[0] = 3
	p.ok(sb.SetSampleKey(k))
	p.ok(sb.SetSampleKey(&media.SampleKey{KID: [16]byte{1}, IV: [16]byte{3}}))
	p.ok(sb.SetSampleKey(nil))
	p.ok(sb.SetSampleKey(nil))
	p.is("keys", fmt.Sprint(keys), "[1 2 1 3 none]")

	p.ok(sb.AppendBuffer([]byte("init video h264\n")))
	if err := sb.SetSampleKey(k); !errors.Is(err, mse.ErrInvalidState) {
		t.Errorf("while appending: %v", err)
	}
	p.pump()
	p.ok(sb.SetSampleKey(k))
	p.ok(sb.ChangeType(keyed))
	keys = nil
	p.ok(sb.SetSampleKey(nil))
	p.ok(sb.SetSampleKey(k))
	p.is("keys after changeType", fmt.Sprint(keys), "[1 3]")

	failing = true
	p.ok(sb.ChangeType(keyed))
	if err := sb.SetSampleKey(k); !errors.Is(err, fault) {
		t.Errorf("with half a frame: %v", err)
	}
	p.ok(sb.ChangeType(msetest.TextType))
	if err := sb.SetSampleKey(k); !errors.Is(err, mse.ErrNotSupported) {
		t.Errorf("a format without such keys: %v", err)
	}
	p.ok(sb.SetSampleKey(nil))
}
