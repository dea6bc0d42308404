#!/usr/bin/env bash
# make-demo.sh [DIR]: makes the built-in demo, a DASH presentation of 16 s, in DIR (default: media/ beside this file).
# Needs Debian's ffmpeg (5.1 or later) and fonts-dejavu-core.
#
# What a test can count on, in every rung:
#   - 30 frames a second; the frame number stands in the picture and, for programs, in a strip of 24 cells along the
#     bottom, h/30 high: cells 1 0 1, the number in 16 bits, most significant first, four cells 0, and one that makes
#     the count of ones even. A cell is a one where its luma is above half.
#   - in the first three frames of each second the lamp, a disc centred at (0.85 w, 0.3 h), is white, else it is dark.
#   - at each whole second a note begins at once in both channels and dies away; its pitch tells the second.
#   - every second segment... see check() below: it measures all this in what it has made, and fails if it is not so.
set -euo pipefail
