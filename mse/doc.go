// Package mse is a Media Source Extensions buffer for Go programs: the objects, algorithms and events of the W3C
// specification, shaped for many goroutines instead of one script.
//
// Names, order of checks and order of events are the specification's; comments of the form "MSE: sourcebuffer-append" name
// the algorithm that a function carries out, and marks such as "// 1.6." its steps. Where the code departs from the text
// on purpose, the comment begins with DEVIATION.
//
// # Getting started
//
// A [MediaSource] is closed until something plays it: a media element, or the program itself, which then reads the coded
// frames. [MediaSource.Attach] opens it and returns the [Attachment], the reading side. The application's side adds a
// [SourceBuffer] for each stream that it fetches and appends an initialization segment and media segments to it:
//
//	ms := mse.New(mse.Options{})
//	a, err := ms.Attach(nil)                            // or an element: what implements Host
//	sb, err := ms.AddSourceBuffer(`video/mp4; codecs="avc1.640028"`)
//	err = sb.Append(ctx, initSegment)                   // waits for updateend; AppendBuffer does not
//	err = sb.Append(ctx, mediaSegment)                  // bytes may be cut anywhere
//	r, err := a.Reader(sb.VideoTracks().At(0))
//	r.Seek(0, 1)                                        // Next answers ErrSeeked once, then frames from there on
//	item, err := r.Next(ctx)                            // in decode order; waits where nothing is buffered yet
//	err = ms.EndOfStream(mse.EndNormal)                 // now Next answers io.EOF at the end
//
// What the application appends later may overlap what is there: it takes its place, frame by frame, as the coded frame
// processing algorithm says. A reader that is inside of what is replaced goes on in a way that a decoder can follow.
//
// [SourceBuffer.Remove] takes frames out. What one SourceBuffer holds is limited by [Options]; an append that does not
// fit evicts what lies well behind the playback position, see [Attachment.SetPlayhead], or fails with QuotaExceededError.
// [SourceBuffer.SetTimestampOffset], [SourceBuffer.SetMode] and the append window decide where appended frames go, and
// [SourceBuffer.ChangeType] lets a SourceBuffer take another format. With [Options].Managed the MediaSource says when it
// wants data, and every SourceBuffer tells what it lost.
//
// # Files
//
// They follow the specification's sections: mediasource.go, sourcebuffer.go, list.go, tracklist.go, parserloop.go (segment
// parser loop, append error), initsegment.go, process.go (coded frame processing), remove.go, evict.go, managed.go,
// duration.go, endofstream.go, inband.go, text.go, attach.go, reader.go, track.go, event.go, eventloop.go, objecturl.go, error.go. The storage
// of frames is package track, the formats are the packages beside it.
//
// # Ownership
//
// Appended slices pass to the buffer: the payload of frames aliases them. Coded frames are immutable and shared. An
// Attachment belongs to one element.
//
// # Concurrency
//
// One [EventLoop] guards a media element and the MediaSource objects it plays, the analogue of the JavaScript
// thread: a lock makes every method atomic, and one FIFO of tasks carries events and the asynchronous steps of
// appends and removals, so their order is the specification's. Event handlers run with no lock held and may call
// back. Nothing here calls the application or the element under the lock, except the element's own part of an
// algorithm through [Host], which must not block.
//
// # Errors
//
// Methods return *[Error] values that mirror DOMException names and match the sentinels by errors.Is. Faults in
// appended bytes run the append error algorithm; their cause is in the error event and in what Append returns.
package mse
