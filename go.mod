module mseplayer

go 1.25.0

require (
	github.com/Eyevinn/dash-mpd v0.17.0
	github.com/Eyevinn/mp4ff v0.56.0
	github.com/asticode/go-astiav v0.39.0
	github.com/ebitengine/oto/v3 v3.5.1
	github.com/hajimehoshi/ebiten/v2 v2.10.1
	github.com/jfreymuth/pulse v0.1.3
)
