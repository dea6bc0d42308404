package bytestream

import (
	"fmt"
	"slices"

	"mseplayer/mse/media"
)

// maxConfigs bounds the decoder configurations that are remembered to be recognized again.
const maxConfigs = 64

// Configs remembers the decoder configurations of a stream. The zero value remembers none.
type Configs struct {
	list []knownConfig // recently used, newest last
}

type knownConfig struct {
	key string
	c   *media.DecoderConfig
}

// Intern returns the configuration that was used before with the same content, so that an initialization segment that
// is appended again, or a switch back, does not look like a change.
func (k *Configs) Intern(c *media.DecoderConfig) *media.DecoderConfig {
	key := fmt.Sprint(*c)
	i := slices.IndexFunc(k.list, func(o knownConfig) bool { return o.key == key })
	if i < 0 {
		if len(k.list) == maxConfigs {
			k.list = slices.Delete(k.list, 0, 1)
		}
		k.list = append(k.list, knownConfig{key, c})
		return c
	}
	hit := k.list[i]
	k.list = append(slices.Delete(k.list, i, i+1), hit)
	return hit.c
}
