package element

import (
	"slices"

	"mseplayer/mse"
)

// textRoles are the kinds that addTextTrack takes.
// HTML: dom-texttrack-kind.
var textRoles = []string{"subtitles", "captions", "descriptions", "chapters", "metadata"}

// AudioTracks returns the live list of the audio tracks, always the same object. The enabled track that comes first is
// the one that is heard.
// HTML: dom-media-audiotracks.
func (e *Element) AudioTracks() *mse.TrackList { return e.tracks.Audio }

// VideoTracks returns the live list of the video tracks, always the same object.
// HTML: dom-media-videotracks.
func (e *Element) VideoTracks() *mse.TrackList { return e.tracks.Video }

// TextTracks returns the live list of the text tracks, always the same object.
// HTML: dom-media-texttracks.
func (e *Element) TextTracks() *mse.TrackList { return e.tracks.Text }

// AddTextTrack adds a text track of the application's own; it is hidden. No load takes it away.
// Errors: TypeError (a kind that is none), as *mse.Error.
// HTML: dom-media-addtexttrack.
func (e *Element) AddTextTrack(kind, label, language string) (*mse.Track, error) {
	if !slices.Contains(textRoles, kind) {
		return nil, exception(mse.TypeError, "addTextTrack", "%q is no kind of text track", kind)
	}
	t := mse.NewTextTrack(e.loop, kind, label, language)
	e.loop.Do(func(tx *mse.Tx) {
		t.SetModeTx(tx, mse.Hidden)
		e.tracks.Text.AddTx(tx, t)
	})
	return t, nil
}
