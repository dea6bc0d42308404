#!/usr/bin/env bash
# make-demo.sh [DIR]: makes the built-in demo, a DASH presentation of 16 s, in DIR (default: media/ beside this file),
# and measures what it has made. Needs Debian's ffmpeg (5.1 or later) and fonts-dejavu-core.
#
# What a viewer, or a test, can count on, in every rung:
#   - 30 frames a second, a closed GOP and a segment every 2 s. The frame's number stands in the picture and, for
#     programs, in a strip along the bottom, h/30 high, of 24 cells of equal width, a one where the luma is above half:
#     1 0 1, the number in 16 bits with the most significant first, 0 0 0 0, and one that makes the ones even.
#   - The lamp, a disc centred at (0.82 w, 0.33 h), is white in the first three frames of each second, else dark.
#   - The needle under the lamp passes the long mark at each whole second.
#   - A note begins at each whole second, at once and the same in both channels, and dies away before the next; there
#     is no other sound. Its pitch tells the second. The sound ends an AAC frame (21 ms) before the picture, so that
#     it, too, has eight segments.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/media}

readonly rate=30 gop=60 seconds=16 sampleRate=48000 aacFrame=1024
readonly maxBytes=2000000
readonly maxOffsetSamples=48 # 1 ms: how far a note's first loud sample may lie from the time of its frame
readonly loud=1638           # a twentieth of full scale
# Rungs: width, height, profile, level, quality (CRF), highest rate in kbit/s.
readonly rungs='320 180 main 1.3 24 200
640 360 main 3.0 24 500
1280 720 high 3.1 23 1200'
# The notes' frequencies in Hz: a pentatonic scale, up and down.
readonly notes=(523.25 587.33 659.26 783.99 880.00 1046.50 1174.66 1318.51 1567.98 1318.51 1174.66 1046.50 880.00 783.99 659.26 587.33)

fonts=/usr/share/fonts/truetype/dejavu
for f in DejaVuSans.ttf DejaVuSans-Bold.ttf DejaVuSansMono.ttf; do
  [ -f "$fonts/$f" ] || { echo "make-demo.sh: $fonts/$f is missing (Debian: fonts-dejavu-core)" >&2; exit 1; }
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
ff() { ffmpeg -nostdin -hide_banner -loglevel error -y -fflags +bitexact "$@"; }

# ---- The picture, drawn once at 1280x720.

# Two slow waves of light over a dark ground; computed small, since they are soft, and scaled up.
wave="(0.5+0.5*sin(X/W*5+T*PI/4+1.6*sin(Y/H*3+T*PI/8)))*exp(-pow((Y/H-0.62-0.16*sin(X/W*4-T*PI/8))*3.4,2))"
other="(0.5+0.5*sin(X/W*3.3-T*PI/8+2))*exp(-pow((Y/H-0.36-0.14*sin(X/W*5+T*PI/8+1))*3.8,2))"
ground="geq=r='18+30*($other)+26*($wave)':g='22+10*($other)+96*($wave)':b='30+105*($other)+115*($wave)'" # at most 250: geq wraps around

# The number strip, a pixel a cell.
bit() { echo "mod(floor(N/pow(2,$1)),2)"; }
ones=$(for i in {0..15}; do printf '+%s' "$(bit "$i")"; done)
strip="geq=lum='30+190*if(between(X,3,18),$(bit '18-X'),if(eq(X,23),mod(0$ones,2),eq(X,0)+eq(X,2)))':cb=128:cr=128"

text() { # SIZE X Y COLOUR FONT TEXT
  printf ",drawtext=fontfile=%s/%s:fontsize=%s:x=%s:y=%s:fontcolor=%s:text='%s'" "$fonts" "$5" "$1" "$2" "$3" "$4" "$6"
}
disc() { # SIZE COLOUR OPACITY: a disc with a soft edge
  echo "color=$2:s=$1x$1:r=$rate,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='$3*clip($1/2-hypot(X-$1/2+0.5,Y-$1/2+0.5),0,1)',trim=end_frame=1,loop=-1:1"
}
lampX=1050 lampY=238 # 0.82 w, 0.33 h
ruler=               # a mark each tenth of a second, a long one in the middle
for i in {-5..5}; do
  h=$((i == 0 ? 26 : 12))
  ruler+=",drawbox=x=$((lampX + i * 30 - 1)):y=$((414 - h)):w=3:h=$h:color=white@0.55:t=fill"
done
frame="round(t*$rate)" # overlay counts its frames from one, and its time from zero

ff -f lavfi -i "color=black:s=160x90:r=$rate:d=$seconds,format=gbrp,$ground,scale=1280:720:flags=bicubic,format=gbrp" \
  -f lavfi -i "$(disc 190 0x0a0d13 190)" -f lavfi -i "$(disc 170 white 255)" -f lavfi -i "color=0x4c9ffe:s=5x42:r=$rate" \
  -f lavfi -i "color=0x4c9ffe:s=1120x6:r=$rate" -f lavfi -i "color=0x5a6170:s=1120x6:r=$rate" \
  -f lavfi -i "color=black:s=24x1:r=$rate,format=yuv444p,$strip,scale=1280:24:flags=neighbor,format=gbrp" \
  -filter_complex "[0:v]null$(text 104 76 206 white DejaVuSans-Bold.ttf mseplayer)\
$(text 30 82 334 0xc4cede DejaVuSans.ttf 'plays what the web plays')\
$(text 40 82 440 white DejaVuSansMono.ttf '%{eif\:t+0.001\:d\:2}.%{eif\:mod(round(t*1000)\,1000)\:d\:3} s')\
$(text 26 82 500 0xc4cede DejaVuSansMono.ttf 'frame %{frame_num}')${ruler}[page];\
[page][1:v]overlay=x=$((lampX - 95)):y=$((lampY - 95))[a];\
[a][2:v]overlay=x=$((lampX - 85)):y=$((lampY - 85)):enable='lt(mod(n,$rate),3)'[b];\
[b][3:v]overlay=x='$lampX-2+(mod($frame+$rate/2,$rate)-$rate/2)*300/$rate':y=380:eval=frame[c];\
[5:v][4:v]overlay=x='-1120+1120*$frame/($rate*$seconds-1)':y=0:eval=frame[bar];\
[c][bar]overlay=x=80:y=640[d];[d][6:v]overlay=x=0:y=696,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p[v]" \
  -map '[v]' -frames:v $((rate * seconds)) -c:v ffv1 "$tmp/master.mkv"

# ---- The sound.
note=0 # the running second's pitch
for i in "${!notes[@]}"; do note+="+eq(floor(t),$i)*${notes[i]}"; done
ff -f lavfi -i "aevalsrc='0.5*exp(-9*mod(t,1))*sin(2*PI*($note)*mod(t,1))*clip((1-mod(t,1))*20,0,1)':s=$sampleRate:d=$seconds" \
  -af "atrim=end_sample=$((sampleRate * seconds - aacFrame)),pan=stereo|c0=c0|c1=c0" -c:a pcm_s16le "$tmp/sound.wav"
ff -i "$tmp/sound.wav" -c:a aac -b:a 96k -flags +bitexact "$tmp/sound.m4a"

# ---- Rungs, segments and the manifest.
rm -rf "$out"
mkdir -p "$out"

# segment ID: cuts $tmp/ID.m4a or .mp4 into $out, prints its codec string and the bits a second of its largest segment.
segment() {
  local f largest codecs
  f=$(echo "$tmp/$1".m*)
  ff -i "$f" -c copy -f dash -seg_duration $((gop / rate)) -use_template 1 -use_timeline 0 \
    -init_seg_name "$1-init.mp4" -media_seg_name "$1-\$Number\$.m4s" "$out/$1.mpd"
  codecs=$(sed -nE 's/.*codecs="([^"]*)".*/\1/p' "$out/$1.mpd")
  rm "$out/$1.mpd"
  largest=$(stat -c %s "$out/$1"-*.m4s | sort -n | tail -n 1)
  echo "codecs=\"$codecs\" bandwidth=\"$((largest * 8 * rate / gop))\""
}
template="<SegmentTemplate timescale=\"$rate\" duration=\"$gop\" startNumber=\"1\" initialization=\"\$RepresentationID\$-init.mp4\" media=\"\$RepresentationID\$-\$Number\$.m4s\"/>"

cat >"$tmp/manifest.mpd" <<END
<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT${seconds}S" minBufferTime="PT2S">
  <ProgramInformation><Title>mseplayer demo</Title></ProgramInformation>
  <Period id="demo" start="PT0S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1" frameRate="$rate" par="16:9" maxWidth="1280" maxHeight="720">
      $template
END
while read -r width height profile level quality kbits; do
  ff -i "$tmp/master.mkv" -vf "scale=$width:$height:flags=area+accurate_rnd,setsar=1\
$(text h/28 w*0.065 h*0.82 0xc4cede DejaVuSansMono.ttf "$width x $height")" \
    -c:v libx264 -threads 1 -preset veryslow -tune animation -profile:v "$profile" -level "$level" -crf "$quality" \
    -maxrate "${kbits}k" -bufsize "$((2 * kbits))k" -g $gop -keyint_min $gop -sc_threshold 0 -bf 3 -flags +cgop+bitexact \
    -pix_fmt yuv420p -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv \
    -x264-params "open-gop=0:colorprim=bt709:transfer=bt709:colormatrix=bt709" "$tmp/${height}p.mp4" </dev/null
  echo "      <Representation id=\"${height}p\" $(segment "${height}p") width=\"$width\" height=\"$height\" sar=\"1:1\"/>"
done <<<"$rungs" >>"$tmp/manifest.mpd"
cat >>"$tmp/manifest.mpd" <<END
    </AdaptationSet>
    <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" lang="und" segmentAlignment="true" startWithSAP="1">
      $template
      <Representation id="sound" $(segment sound) audioSamplingRate="$sampleRate">
        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
END
mv "$tmp/manifest.mpd" "$out/manifest.mpd"

# ---- What came of it.
fail() {
  echo "make-demo.sh: $*" >&2
  exit 1
}
bytes=$(cat "$out"/* | wc -c)
[ "$bytes" -le $maxBytes ] || fail "$bytes bytes, more than $maxBytes"

# whole ID: prints the name of a file that holds what a player gets of a Representation: initialisation and segments.
whole() {
  local i
  for i in init.mp4 $(seq -f %g.m4s $((seconds * rate / gop))); do cat "$out/$1-$i"; done >"$tmp/$1.whole.mp4"
  echo "$tmp/$1.whole.mp4"
}

# numbers WIDTH: raw bytes on standard input, WIDTH of them in decimal a line.
numbers() { od -An -v -tu1 -w"$1"; }

while read -r width height _; do
  file=$(whole "${height}p")
  # One line a frame: the strip's 24 cells, then the middle of the lamp.
  paste -d' ' \
    <(ff -i "$file" -vf "crop=iw:ih/30:0:ih-ih/30,scale=24:1:flags=area,format=gray" -fps_mode passthrough -f rawvideo - </dev/null | numbers 24) \
    <(ff -i "$file" -vf "crop=2:2:iw*0.82:ih*0.33,scale=1:1:flags=area,format=gray" -fps_mode passthrough -f rawvideo - </dev/null | numbers 1) |
    awk -v rate=$rate -v frames=$((rate * seconds)) '
      { value = ones = 0
        for (i = 1; i <= 24; i++) { b = $i > 127; ones += b; if (i > 3 && i < 20) value = 2 * value + b }
        if (value != NR - 1 || ones % 2 || !($1 > 127 && $2 < 128 && $3 > 127)) { print "frame " NR - 1 " says " value; bad = 1 }
        lit = (NR - 1) % rate < 3
        if (lit ? $25 < 200 : $25 > 60) { print "frame " NR - 1 ": the lamp has luma " $25; bad = 1 } }
      END { if (NR != frames) { print NR " frames"; bad = 1 }; exit bad }' >&2 || fail "the ${height}p rung is wrong"
  first=$(ffprobe -v error -show_entries frame=best_effort_timestamp_time -read_intervals %+#1 -of csv=p=0 "$file" </dev/null)
  [[ $first =~ ^0\.0+,?$ ]] || fail "the ${height}p rung begins at $first s"
done <<<"$rungs"

# Each note's first loud sample, searched from 50 ms before its second. Zero is where the time stamps, after the edit
# list, say so: the encoder's priming lies before it.
ff -copyts -i "$(whole sound)" -af atrim=start=0 -ac 1 -f s16le - | od -An -v -td2 -w2 |
  awk -v rate=$sampleRate -v seconds=$seconds -v max=$maxOffsetSamples -v loud=$loud '
    { at = NR - 1; s = int((at + rate / 20) / rate)
      if (!(s in onset) && ($1 > loud || $1 < -loud)) { onset[s] = at - s * rate } }
    END { for (s = 0; s < seconds; s++) {
            if (!(s in onset)) { print "second " s " has no note"; bad = 1; continue }
            o = onset[s] < 0 ? -onset[s] : onset[s]
            if (o > worst) worst = o
            if (o > max) { print "the note of second " s " is " onset[s] " samples off"; bad = 1 } }
          printf "notes against frames: at most %.3f ms apart\n", worst * 1000 / rate; exit bad }' >&2 || fail "the sound is wrong"
echo "$out: $bytes bytes" >&2
