package subtitle

import (
	"context"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
)

// Clear returns a coded frame without its protection: f itself where it has none. It blocks as long as d needs to get
// the key.
func Clear(ctx context.Context, d decode.Decrypter, f *media.CodedFrame) (*media.CodedFrame, error) {
	if f.Crypt == nil {
		return f, nil
	}
	if err := d.Ready(ctx, f.Crypt); err != nil {
		return nil, err
	}
	dst := make([]byte, len(f.Data))
	n, err := d.Decrypt(dst, f)
	if err != nil {
		return nil, err
	}
	c := *f
	c.Data, c.Crypt = dst[:n], nil
	return &c, nil
}
